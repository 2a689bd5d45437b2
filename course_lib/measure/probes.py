"""Look inside a network: what its layers see, where it looks, and how gradients reach its depth.

The functions take a flat Keras model, functional or Sequential, with one input of images
(n, height, width, channels), float32, channels last. Its first output holds the probabilities of
the classes. They leave the model as it was.
"""

import itertools

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from course_lib.measure.predictions import probabilities


def feature_maps(
    model: keras.Model, images: np.ndarray, layer_names: list[str]
) -> dict[str, np.ndarray]:
    """What the named layers return for the images, in inference mode.

    Args:
        images: (n, height, width, channels), float32.
        layer_names: names of layers of the model.

    Returns:
        name -> (n, height, width, channels) of the layer's output, float32; (n, units) for a
        layer without height and width.

    Raises:
        ValueError: no layer of that name, or images that the model does not take.

    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv1")])
    >>> feature_maps(model, np.zeros((2, 8, 8, 3), "float32"), ["conv1"])["conv1"].shape
    (2, 6, 6, 4)
    """
    _check_images(model, images)
    known = [layer.name for layer in model.layers]
    if isinstance(layer_names, str) or not layer_names or not set(layer_names) <= set(known):
        raise ValueError(
            f"layer_names must be a list of names of the model's layers, got {layer_names!r}; "
            f"choose from {known}"
        )
    outputs = {name: model.get_layer(name).output for name in layer_names}
    part = keras.Model(model.inputs[0], outputs)
    batches = [part(images[i : i + 500], training=False) for i in range(0, len(images), 500)]
    return {
        name: np.concatenate([tf.cast(batch[name], tf.float32) for batch in batches])
        for name in outputs
    }


def occlusion(
    model: keras.Model,
    image: np.ndarray,
    label: int,
    size: int = 8,
    stride: int = 2,
    value: float = 0.0,
) -> np.ndarray:
    """The probability of one class while a grey square hides one place of the image after another.

    Where the probability falls, the network needed what the square hid. The image is divided into
    cells of stride x stride pixels; in turn each cell has the square's centre (to half a pixel), so
    that the result lies over the image cell by cell. Near the border a part of the square falls
    outside, and hides nothing there.

    Args:
        image: (height, width, channels), float32, without a square.
        label: the class, from 0.
        size: side of the square in pixels.
        stride: pixels between neighbouring squares, at most `size`, so that none is never hidden.
        value: of the square's pixels, in every channel; 0 is grey in normalised images.

    Returns:
        (rows, columns), float32: the probabilities, one for each cell. Cells at the right and
        lower border are cut off where `stride` does not divide the image's sides.

    Raises:
        ValueError: an image, label, size or stride that does not fit.

    Source: Zeiler and Fergus, arXiv:1311.2901, section 4.2 and Fig. 7.

    >>> model = keras.Sequential(
    ...     [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    >>> occlusion(model, np.zeros((32, 32, 3), "float32"), label=3).shape
    (16, 16)
    """
    _check_images(model, image[None], argument="image")
    _check_label(model, label)
    if not 1 <= stride <= size:
        raise ValueError(
            f"stride must lie between 1 and size ({size}), or the squares miss some pixels, "
            f"got {stride}; choose a smaller stride or a larger size"
        )

    def squares(side):
        """What each square covers along a side of the image."""
        for cell in range(0, side, stride):
            start = cell + (stride - size) // 2
            yield slice(max(start, 0), start + size)

    height, width = (list(squares(side)) for side in image.shape[:2])
    places = list(itertools.product(height, width))
    found = []
    for i in range(0, len(places), 64):  # bounds the memory
        hidden = np.repeat(image[None], len(places[i : i + 64]), axis=0)
        for copy, (rows, columns) in zip(hidden, places[i : i + 64], strict=True):
            copy[rows, columns] = value
        found.append(probabilities(model, hidden)[:, label])
    return np.concatenate(found).reshape(len(height), len(width))


def class_activation_map(model: keras.Model, image: np.ndarray, label: int) -> np.ndarray:
    """How much each place of the last feature maps adds to the score of one class.

    For networks that end in global average pooling. Before one dense layer, the map is the sum of
    the feature maps weighted by that class's weights; with no dense layer (Network in Network) the
    class has a feature map of its own. Its mean, plus the dense layer's bias, is the class's score
    before the softmax.

    `course_lib.figures.grids.overlay` stretches the map over the image; so does
    `tf.image.resize(result[..., None], image.shape[:2])`.

    Args:
        image: (height, width, channels), float32.
        label: the class, from 0.

    Returns:
        (height, width) of the last feature maps, float32; raw, so negative where a place speaks
        against the class.

    Raises:
        ValueError: no global average pooling on the way to the first output; or more behind it
            than one dense layer and what has no weights; or an image or label that does not fit.

    Source: Zhou et al., arXiv:1512.04150, section 2; Lin, Chen and Yan, arXiv:1312.4400,
    section 3.2, for the form without a dense layer.

    >>> model = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.GlobalAveragePooling2D(),
    ...                           keras.layers.Softmax(name="probabilities")])
    >>> image = np.arange(32, dtype="float32").reshape(4, 4, 2)
    >>> bool((class_activation_map(model, image, label=1) == image[..., 1]).all())
    True
    """
    _check_images(model, image[None], argument="image")
    _check_label(model, label)
    # Only the layers on the way to the first output: no auxiliary heads.
    layers = keras.Model(model.inputs[0], model.outputs[0]).layers
    pooling = [
        i for i, x in enumerate(layers) if isinstance(x, keras.layers.GlobalAveragePooling2D)
    ]
    if not pooling:
        raise ValueError(
            f"model must have a GlobalAveragePooling2D layer, {model.name!r} has none; "
            "use `occlusion`, which works with any model"
        )
    weighted = [layer for layer in layers[pooling[-1] + 1 :] if layer.weights]
    if len(weighted) > 1 or not all(isinstance(x, keras.layers.Dense) for x in weighted):
        raise ValueError(
            "model must have at most one Dense layer and no other weights after its global "
            f"average pooling, got {[layer.name for layer in weighted]}; use `occlusion`"
        )
    last = keras.Model(model.inputs[0], layers[pooling[-1]].input)
    maps = tf.cast(last(image[None], training=False)[0], tf.float32).numpy()
    if not weighted:
        return maps[..., label]
    return maps @ weighted[0].kernel.numpy()[:, label]


def gradient_norms(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, auxiliary_weight: float = 0.3
) -> pd.Series:
    """How strongly the loss pulls at each layer: the norm of the gradient of its kernel.

    The loss is the mean cross-entropy of the images in one batch, without weight decay. As in a
    training step, batch normalisation uses the statistics of the batch and dropout is on. The norm
    is Euclidean (L2), over all weights of the kernel; biases and normalisation do not count.

    Args:
        images: (n, height, width, channels), float32, n at least 2; all are one batch.
        labels: (n,), integers from 0.
        auxiliary_weight: with several outputs, the loss is that of the first plus this many times
            those of the others (0.3 in GoogLeNet, arXiv:1409.4842, section 5).

    Returns:
        float64, a row for each layer with a trainable kernel, indexed by the layer's name, in the
        order of `model.layers`, which is that of depth. Auxiliary heads stand between; to compare
        with the same network without them, choose the rows: `norms[other.index]`.

    Raises:
        ValueError: images, labels or model do not fit.

    Source: Glorot and Bengio, AISTATS 2010, section 4.2, study gradients by depth this way.

    >>> model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(),
    ...     keras.layers.Dense(2, "softmax", kernel_initializer="zeros", name="probabilities")])
    >>> gradient_norms(model, np.ones((3, 4, 4, 1), "float32"), np.array([0, 0, 0])).round(3)
    layer
    probabilities    2.828
    Name: gradient norm, dtype: float64
    """
    _check_images(model, images)
    if len(images) < 2:
        # TensorFlow 2.16 to 2.21 (with oneDNN) overwrites memory in the gradient of a strided 1x1
        # convolution of one image with fewer than 16 channels.
        raise ValueError("images must be at least 2, got 1; a gradient of one image says little")
    labels = np.asarray(labels)
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels must be one integer for each of the {len(images)} images, got shape "
            f"{labels.shape} and dtype {labels.dtype}; for one-hot labels take labels.argmax(1)"
        )
    for label in (int(labels.min()), int(labels.max())):
        _check_label(model, label, argument="labels")
    layers = _layers_with_kernel(model)
    values = [tf.convert_to_tensor(v) for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = 0.0
        for weight, output in zip(
            [1.0] + [auxiliary_weight] * (len(model.outputs) - 1),
            _training_outputs(model, values, images),
            strict=True,
        ):
            losses = keras.losses.sparse_categorical_crossentropy(labels, output)
            loss += weight * tf.reduce_mean(losses)
    gradients = tape.gradient(loss, values, unconnected_gradients="zero")
    # Squares of small gradients would vanish in float32.
    squares = {
        id(variable): np.sum(np.square(gradient.numpy(), dtype=np.float64))
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
    }
    norms = {
        layer.name: np.sqrt(sum(squares[id(kernel)] for kernel in _kernels(layer)))
        for layer in layers
        if layer.trainable
    }
    return pd.Series(norms, name="gradient norm").rename_axis("layer")


def activation_scales(model: keras.Model, images: np.ndarray) -> pd.Series:
    """How large the signal is at each depth: the standard deviation of each layer's response.

    The response is what a convolution or dense layer computes from its kernel and bias, before
    any activation function and any normalisation behind it. The deviation is over all images,
    places and channels. As in a training step, batch normalisation uses the statistics of the
    batch and dropout is on. An initialisation suits a network if the scale neither grows nor
    shrinks with depth.

    Args:
        images: (n, height, width, channels), float32; all are one batch.

    Returns:
        float64, a row for each layer with a kernel, indexed by the layer's name, in the order of
        `model.layers`, which is that of depth. The row of a dense layer with softmax is that of
        the scores before the softmax.

    Raises:
        ValueError: images or model do not fit.

    Source: He et al., arXiv:1502.01852, section 2.2: the square root of its Var[y_l].

    >>> model = keras.Sequential([keras.Input((2, 1, 1)), keras.layers.Conv2D(
    ...     1, 1, activation="relu", kernel_initializer="ones", name="conv1")])
    >>> activation_scales(model, np.array([-3, 3], "float32").reshape(1, 2, 1, 1))["conv1"].item()
    3.0
    """
    _check_images(model, images)
    layers = _layers_with_kernel(model)
    activations = [layer.activation for layer in layers]
    scales = {}

    def measured(name, activation):
        def measure(response):
            response_float = tf.cast(response, tf.float32).numpy()
            scales[name] = np.std(response_float, dtype=np.float64)
            return activation(response)

        return measure

    try:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = measured(layer.name, activation)
        _training_outputs(model, [v.value for v in model.trainable_variables], images)
    finally:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = activation
    ordered = {layer.name: scales[layer.name] for layer in layers}
    return pd.Series(ordered, name="standard deviation").rename_axis("layer")


def _training_outputs(model, values, images):
    """The outputs of a training step with these values of the trainable variables, as a list.

    Stateless, so that neither moving statistics nor the random numbers of dropout move on.
    """
    others = [v.value for v in model.non_trainable_variables]
    outputs, _ = model.stateless_call(values, others, images, training=True)
    return outputs if isinstance(outputs, (list, tuple)) else [outputs]


def _kernels(layer):
    return [w for w in layer.weights if w.name.endswith("kernel")]


def _layers_with_kernel(model):
    if nested := [layer.name for layer in model.layers if isinstance(layer, keras.Model)]:
        raise ValueError(
            f"model must be flat, got models among its layers: {nested}; probe one of these itself"
        )
    return [layer for layer in model.layers if _kernels(layer)]


def _check_images(model, images, argument="images"):
    expected = tuple(model.inputs[0].shape[1:])
    fits = len(images.shape) == len(expected) + 1 and all(
        side in (None, found) for side, found in zip(expected, images.shape[1:], strict=True)
    )
    if not fits or len(images) == 0:
        shape, found = expected, images.shape[1:]
        if argument == "images":
            shape, found = ("n of at least 1", *expected), images.shape
        raise ValueError(
            f"{argument} must have the shape ({', '.join(map(str, shape))}) that the model takes, "
            f"got {found}"
        )
    if images.dtype != np.float32:
        raise ValueError(
            f"{argument} must be float32, got {images.dtype}; "
            "`course_lib.data.normalise` makes it so"
        )


def _check_label(model, label, argument="label"):
    classes = model.outputs[0].shape[-1]
    if not isinstance(label, int | np.integer) or not 0 <= label < classes:
        raise ValueError(
            f"{argument} must be an integer from 0 to {classes - 1}, since the model has {classes} "
            f"classes, got {label!r}"
        )
