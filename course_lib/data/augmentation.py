"""Images moved and mirrored at random: more training data for free."""

import tensorflow as tf

PAD = 4  # pixels on each side (ResNet paper, section 4.2)


def augment(images: tf.Tensor, kind: str, seed) -> tf.Tensor:
    """Move and mirror the images of a batch (n, height, width, channels) at random.

    `kind` is "none", which takes features (n, channels), too, "flip", "crop" or "crop+flip". A crop
    pads 4 pixels of zeros on each side and cuts out a window of the original size; a flip mirrors
    each image, left to right, with probability 1/2. AlexNet (section 4.1) cuts 224 of 256 pixels;
    this is ResNet's version for small images. `seed` is two integers; the same seed gives the same
    result.

    >>> augment(tf.ones((2, 8, 8, 3)), "crop+flip", seed=(0, 1)).shape
    TensorShape([2, 8, 8, 3])
    """
    n = tf.shape(images)[0]
    if "crop" in kind:
        height, width = images.shape[1:3]
        corner = tf.random.stateless_uniform((n, 2), seed, 0, 2 * PAD + 1, tf.int32)
        images = tf.pad(images, [[0, 0], [PAD, PAD], [PAD, PAD], [0, 0]])
        rows = corner[:, :1] + tf.range(height)
        columns = corner[:, 1:] + tf.range(width)
        images = tf.gather(images, rows, axis=1, batch_dims=1)
        images = tf.gather(images, columns, axis=2, batch_dims=1)
    if "flip" in kind:
        mirrored = tf.random.stateless_uniform((n, 1, 1, 1), seed) < 0.5
        images = tf.where(mirrored, tf.reverse(images, [2]), images)
    return images
