"""Where in an image a net looks.

Both functions take a Keras model with one input, whose first output holds the probabilities of the
classes; an image (height, width, channels), float32; and the class, from 0. They raise ValueError
if model and image do not fit each other.
"""

import itertools

import keras
import numpy as np
import tensorflow as tf

from course_lib.measure.arguments import check_images, check_labels
from course_lib.measure.metrics import probabilities

MOST_PIXELS = 400_000  # of a batch, which bounds the memory


def occlusion(model, image, label, size=8, stride=2):
    """The probability of one class while a square hides one part of the image after another.

    Where it falls, the net needed what the square hid. The square has a side of `size` pixels and
    is 0, which is grey in normalised images. It is centred, to half a pixel, on each cell of
    stride × stride pixels in turn; the result (rows, columns), float32, has a number for each cell.
    `stride` is at most `size`, so that no pixel is missed. Source: Zeiler and Fergus,
    arXiv:1311.2901, section 4.2 and Fig. 7.

    >>> model = keras.Sequential(
    ...     [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    >>> occlusion(model, np.zeros((32, 32, 3), "float32"), label=3).shape
    (16, 16)
    """
    check_images(model, image, "image", one=True)
    check_labels(model, np.array([label]), 1, "label")
    if not 1 <= stride <= size:
        raise ValueError(f"stride must be from 1 to size ({size}), to miss no pixel, got {stride}")

    def squares(side):  # what each square covers along a side of the image
        for cell in range(0, side, stride):
            start = cell + (stride - size) // 2
            yield slice(max(start, 0), start + size)

    height, width = (list(squares(side)) for side in image.shape[:2])
    places = list(itertools.product(height, width))
    batch = max(1, MOST_PIXELS // (image.shape[0] * image.shape[1]))
    found = []
    for i in range(0, len(places), batch):
        some = places[i : i + batch]
        hidden = np.repeat(image[None], len(some), axis=0)
        for copy, (rows, columns) in zip(hidden, some, strict=True):
            copy[rows, columns] = 0
        found.append(probabilities(model, hidden)[:, label])
    return np.concatenate(found).reshape(len(height), len(width))


def class_activation_map(model, image, label):
    """How much each place of the last feature maps adds to the score of one class.

    For nets that end in global average pooling: the last feature maps, added up with that class's
    weights in the dense layer that follows; if none follows (Network in Network), the class's own
    map. The mean plus the dense layer's bias is the class's score before the softmax.

    Returns (height, width) of these maps, float32, negative where a place counts against the class.
    Sources: Zhou et al., arXiv:1512.04150, section 2; without a dense layer, arXiv:1312.4400,
    section 3.2.

    >>> model = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.GlobalAveragePooling2D(),
    ...                           keras.layers.Softmax(name="probabilities")])
    >>> image = np.arange(32, dtype="float32").reshape(4, 4, 2)
    >>> bool((class_activation_map(model, image, label=1) == image[..., 1]).all())
    True
    """
    check_images(model, image, "image", one=True)
    check_labels(model, np.array([label]), 1, "label")
    # Only the layers before the first output, without auxiliary heads.
    layers = keras.Model(model.inputs[0], model.outputs[0]).layers
    average = keras.layers.GlobalAveragePooling2D
    pooling = [i for i, layer in enumerate(layers) if isinstance(layer, average)]
    if not pooling:
        rule = "model must have a GlobalAveragePooling2D layer"
        raise ValueError(f"{rule}, {model.name!r} has none; use `occlusion`")
    weighted = [layer for layer in layers[pooling[-1] + 1 :] if layer.weights]
    if len(weighted) > 1 or not all(isinstance(x, keras.layers.Dense) for x in weighted):
        rule = "model must have at most one Dense layer and no other weights after the pooling"
        raise ValueError(f"{rule}, got {[layer.name for layer in weighted]}; use `occlusion`")
    last = keras.Model(model.inputs[0], layers[pooling[-1]].input)
    maps = tf.cast(last(image[None], training=False)[0], tf.float32).numpy()
    return maps @ weighted[0].kernel.numpy()[:, label] if weighted else maps[..., label]
