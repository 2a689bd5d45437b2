"""Images moved and mirrored at random: more training data for free."""

import tensorflow as tf

PAD = 4  # pixels on each side (ResNet paper, section 4.2)
SHIFT = 2  # pixels in each direction (airbench94, arXiv:2404.00498, section 3.1)


def augment(images: tf.Tensor, kind: str, seed, turned=None) -> tf.Tensor:
    """Move and mirror the images of a batch (n, height, width, channels) at random.

    `kind` is "none", which takes features (n, channels), too, "flip", "crop", "crop+flip" or
    "shift+turns". A crop pads 4 pixels of zeros on each side and cuts out a window of the original
    size; a flip mirrors each image, left to right, with probability 1/2. AlexNet (section 4.1) cuts
    224 of 256 pixels; this is ResNet's version for small images. A shift cuts from a border of 2
    pixels in which the image is mirrored. Turns mirror the images for which `turned`, booleans
    (n,), is True: see `turns`. `seed` is two integers; the same seed gives the same result.

    >>> augment(tf.ones((2, 8, 8, 3)), "crop+flip", seed=(0, 1)).shape
    TensorShape([2, 8, 8, 3])
    """
    if "crop" in kind:
        images = _cut(images, PAD, "CONSTANT", seed)
    if "shift" in kind:
        images = _cut(images, SHIFT, "REFLECT", seed)
    if "flip" in kind:
        turned = tf.random.stateless_uniform((tf.shape(images)[0],), seed) < 0.5
    if "flip" in kind or "turns" in kind:
        images = tf.where(turned[:, None, None, None], tf.reverse(images, [2]), images)
    return images


def turns(n: int, seed: int, epoch) -> tf.Tensor:
    """Which of n images are mirrored in an epoch (from 0): booleans (n,).

    Chance decides for epoch 0; then each image is mirrored in every other epoch, so two epochs show
    both sides of every image, which chance alone does for half of them. Source: alternating flip,
    arXiv:2404.00498, section 3.6.

    >>> bool(tf.reduce_all(turns(9, seed=0, epoch=3) != turns(9, seed=0, epoch=4)))
    True
    """
    first = tf.random.stateless_uniform((n,), (seed, n)) < 0.5
    return tf.not_equal(first, tf.math.floormod(epoch, 2) == 1)


def _cut(images, pad, mode, seed):
    """A window of the original size at a random place of the padded images."""
    n, height, width = (tf.shape(images)[axis] for axis in range(3))
    corner = tf.random.stateless_uniform((n, 2), seed, 0, 2 * pad + 1, tf.int32)
    shape = images.shape
    images = tf.pad(images, [[0, 0], [pad, pad], [pad, pad], [0, 0]], mode)
    images = tf.gather(images, corner[:, :1] + tf.range(height), axis=1, batch_dims=1)
    images = tf.gather(images, corner[:, 1:] + tf.range(width), axis=2, batch_dims=1)
    return tf.ensure_shape(images, shape)
