"""Look inside a net: what its layers see, how large their signals and gradients are.

The probes take a Keras model with one input, whose first output holds the probabilities of the
classes; and images (n, height, width, channels), float32. They leave the model unchanged, and raise
ValueError if images, labels and model do not fit each other.
"""

import math

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from course_lib.measure.arguments import check_images, check_labels


def feature_maps(model, images, layer_names):
    """What the named layers return for the images, in inference mode, float32.

    Their shape is (n, height, width, channels), or (n, units) for a layer without height and width.

    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv1")])
    >>> feature_maps(model, np.zeros((2, 8, 8, 3), "float32"), ["conv1"])["conv1"].shape
    (2, 6, 6, 4)
    """
    check_images(model, images)
    outputs = {name: model.get_layer(name).output for name in layer_names}
    part = keras.Model(model.inputs[0], outputs)
    batches = [part(images[i : i + 500], training=False) for i in range(0, len(images), 500)]
    return {
        name: np.concatenate([tf.cast(batch[name], tf.float32) for batch in batches])
        for name in outputs
    }


def gradient_norms(model, images, labels, auxiliary_weight=0.3):
    """How strongly the loss pulls at each layer: the norm of its kernel's gradient.

    The loss is the mean cross-entropy of all images (at least 2) as one batch. Auxiliary heads add
    theirs, times `auxiliary_weight` (0.3 in GoogLeNet, arXiv:1409.4842, section 5). As in a
    training step, batch normalisation uses the batch's statistics, and dropout is on. The norm is
    Euclidean (L2); biases and normalisation do not count. `labels` are integers (n,) from 0.

    Returns a Series, float64, with a row for each layer with a trainable kernel, in order of depth,
    auxiliary heads in between. Source: Glorot and Bengio, AISTATS 2010, section 4.2.

    >>> model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(),
    ...     keras.layers.Dense(2, "softmax", kernel_initializer="zeros", name="probabilities")])
    >>> gradient_norms(model, np.ones((3, 4, 4, 1), "float32"), np.array([0, 0, 0])).round(3)
    layer
    probabilities    2.828
    Name: gradient norm, dtype: float64
    """
    check_images(model, images)
    if len(images) < 2:
        # TensorFlow 2.16 to 2.21 (with oneDNN) overwrites memory in the gradient of a strided 1x1
        # convolution of one image with fewer than 16 channels.
        raise ValueError("images must be at least 2, got 1; a gradient of one image says little")
    labels = np.asarray(labels)
    check_labels(model, labels, len(images))
    layers = _layers_with_kernel(model)
    values = [tf.convert_to_tensor(v) for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss, *auxiliary = (
            tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, output))
            for output in _training_outputs(model, values, images)
        )
        loss += auxiliary_weight * sum(auxiliary)
    gradients = tape.gradient(loss, values, unconnected_gradients="zero")
    gradient = dict(zip(map(id, model.trainable_variables), gradients, strict=True))
    norms = {  # in float64: squares of small gradients would vanish in float32
        layer.name: np.linalg.norm(gradient[id(layer.kernel)].numpy().astype("float64"))
        for layer in layers
        if layer.trainable
    }
    return pd.Series(norms, name="gradient norm").rename_axis("layer")


def activation_scales(model, images):
    """How large the signal is at each depth: the standard deviation of each layer's response.

    The response is what a convolution or dense layer computes from its kernel and bias, before any
    activation or normalisation. The deviation is over all images, places and channels; an
    initialisation suits a net if it neither grows nor shrinks with depth. Normalisation and dropout
    work as in `gradient_norms`.

    Returns a Series, float64, with a row for each layer with a kernel, in order of depth. Source:
    He et al., arXiv:1502.01852, section 2.2: the square root of its Var[y_l].

    >>> model = keras.Sequential([keras.Input((2, 1, 1)), keras.layers.Conv2D(
    ...     1, 1, activation="relu", kernel_initializer="ones", name="conv1")])
    >>> activation_scales(model, np.array([-3, 3], "float32").reshape(1, 2, 1, 1))["conv1"].item()
    3.0
    """
    check_images(model, images)
    layers = _layers_with_kernel(model)
    activations = [layer.activation for layer in layers]
    scales = dict.fromkeys(layer.name for layer in layers)  # fixes the order

    def measured(name, activation):
        def measure(response):
            scales[name] = np.std(tf.cast(response, tf.float32), dtype=np.float64)
            return activation(response)

        return measure

    try:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = measured(layer.name, activation)
        _training_outputs(model, [v.value for v in model.trainable_variables], images)
    finally:
        for layer, activation in zip(layers, activations, strict=True):
            layer.activation = activation
    return pd.Series(scales, name="standard deviation").rename_axis("layer")


def empirical_receptive_field(model, layer_name):
    """Height and width of the image region that one central output of a layer depends on.

    Measured, not computed: where the gradient of that output with respect to the input is not zero,
    in a copy of the layers with positive, averaging weights, without activation functions and with
    average instead of max pooling, so no path is dead and no paths cancel. Padding does not count.
    After about 40 convolutions of 3×3 the gradient at the corners vanishes.

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(1, 3, name="conv")])
    >>> empirical_receptive_field(model, "conv")
    (3, 3)
    """
    part = keras.Model(model.inputs[0], model.get_layer(layer_name).output)
    linear = keras.models.clone_model(part, clone_function=_averaging, recursive=True)
    images = tf.ones((2, *part.inputs[0].shape[1:]))  # two: see `gradient_norms`
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = linear(images, training=False)  # (2, height, width, channels) or (2, units)
        if len(output.shape) == 4:
            output = output[:, output.shape[1] // 2, output.shape[2] // 2]
    seen = np.any(tape.gradient(output, images)[0], axis=-1)  # (height, width)
    return tuple(int(np.ptp(np.flatnonzero(seen.any(axis=axis)))) + 1 for axis in (1, 0))


def _averaging(layer):
    """A copy of the layer for `empirical_receptive_field`."""
    pooling = {
        keras.layers.MaxPooling2D: keras.layers.AveragePooling2D,
        keras.layers.GlobalMaxPooling2D: keras.layers.GlobalAveragePooling2D,
    }
    config = layer.get_config()
    config |= {key: _average for key in config if key.endswith("_initializer")}
    config |= {key: "linear" for key in config if key == "activation"}
    return pooling.get(type(layer), type(layer)).from_config(config)


def _average(shape, dtype=None):
    return tf.fill(shape, tf.cast(1 / math.prod(shape[:-1]), dtype or tf.float32))


def _training_outputs(model, values, images):
    """A training step's outputs for these values of the trainable variables, as a list.

    Stateless: moving averages and dropout's random numbers stay as they are.
    """
    others = [v.value for v in model.non_trainable_variables]
    outputs, _ = model.stateless_call(values, others, images, training=True)
    return keras.tree.flatten(outputs)


def _layers_with_kernel(model):
    if nested := [layer.name for layer in model.layers if isinstance(layer, keras.Model)]:
        raise ValueError(f"model must be flat, got models among its layers: {nested}")
    return [layer for layer in model.layers if hasattr(layer, "kernel")]
