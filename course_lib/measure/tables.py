"""A model as a table: shapes, parameters, multiply-adds, receptive fields, activation memory."""

import math
from collections import namedtuple
from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from course_lib.models.outlines import outline

# Layers that slide a window over the map.
WINDOWS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
)
GLOBAL_POOLING = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
# Layers whose kernel weights are each used once at every output position, which is what makes
# multiply-adds = output positions x kernel weights, grouped, dilated or not.
MULTIPLIES = (*WINDOWS[:3], keras.layers.Dense)
COUNTS = ("parameters", "non_trainable", "multiply_adds", "activation_bytes")
FLOAT32_BYTES = 4


def model_table(model):
    """One row per layer, in the order of computation, indexed by the layer's name.

    Columns:
        type: the layer's class.
        output_shape: text without the batch, such as "55 x 55 x 96".
        parameters, non_trainable: number of weights, and those that training does not change.
        multiply_adds: for one image. Convolutions and dense layers only; a multiply and its add
            count as one; biases, normalisation, pooling and activations count nothing.
        receptive_field: side of the square of input pixels that one output depends on, or
            (height, width) if that is no square. Padding counts as input, so that the field can
            be larger than the image. After flattening or global pooling it is the field of the
            whole map. None where the layer's geometry is unknown (such as upsampling).
        stride: input pixels between neighbouring outputs; None where there is no map any more.
        activation_bytes: the layer's output for one image in float32. Training keeps nearly all
            of them until the backward pass, for every image of the batch.

    Where branches meet, the field covers all of them. A layer of a nested model is named
    "outer/inner". A layer that is called twice has two rows and its parameters in the first.
    Layers of unknown type that keep height and width count as pixel by pixel.

    Args:
        model: a built functional or Sequential Keras model with inputs of a fixed size,
            channels last.

    Raises:
        ValueError: another kind of model, an unknown input size, channels first, or a layer with
            a kernel whose multiply-adds are not known here (such as a transposed convolution).

    Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks",
    Distill 2019 (the recurrence for size and stride).

    >>> model = keras.Sequential([
    ...     keras.Input((8, 8, 3)),
    ...     keras.layers.Conv2D(4, 3, strides=2, name="conv1"),
    ...     keras.layers.Conv2D(4, 3, name="conv2"),
    ... ])
    >>> table = model_table(model)
    >>> table.parameters.tolist(), table.multiply_adds.tolist(), table.receptive_field.tolist()
    ([0, 112, 148], [0, 972, 144], [1, 3, 7])
    >>> table.loc["conv1", "output_shape"]
    '3 x 3 x 4'
    """
    # As objects first, or pandas turns the integers beside a None into floats.
    table = pd.DataFrame(_rows(model), dtype=object).set_index("layer")
    return table.astype(dict.fromkeys(COUNTS, "int64"))


def totals(model):
    """Sums over the model's layers, as a dictionary of integers.

    Keys: parameters, non_trainable, multiply_adds, activation_bytes, trainable. Counted, and
    refused, as in `model_table`.

    >>> totals(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))["parameters"]
    15
    """
    return _sums(_rows(model))


def side_by_side(builders):
    """Architectures compared: one row a net, indexed by its name. Takes no memory for weights.

    Columns:
        input: text such as "224 x 224 x 3".
        layers: layers with a kernel on the longest way from an input to the first output, as the
            papers count: of parallel branches only the longest, and no auxiliary head.
        parameters, non_trainable, multiply_adds, activation_bytes, trainable: sums over all layers,
            auxiliary heads too, as in `totals`.
        receptive_field: of the last feature map on the way to the first output, before it is
            flattened or pooled as a whole; None where no window of a known size describes it.

    Args:
        builders: mapping of names to functions without required arguments that return a Keras
            model, such as `course_lib.models.MODELS` or a part of it.

    Raises:
        TypeError: `builders` is no mapping, or holds something that is not such a function.
        ValueError: no builder at all, or a model that `model_table` refuses.

    >>> def small():
    ...     x = image = keras.Input((8, 8, 3))
    ...     for i in (1, 2):
    ...         x = keras.layers.Conv2D(4, 3, name=f"conv{i}")(x)
    ...     return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    >>> formatted(side_by_side({"small": small})).loc["small"].tolist()
    ['8 x 8 x 3', '3', '390', '0', '6,320', '1,864', '390', '5']
    """
    if not isinstance(builders, Mapping):
        raise TypeError(f"builders must map names to functions, got {type(builders).__name__}")
    if not builders:
        raise ValueError("builders must hold at least one net, got none")
    for name, build in builders.items():
        if not callable(build) or isinstance(build, keras.layers.Layer):
            raise TypeError(
                f"builders must map names to functions that build a model, got "
                f"{type(build).__name__} for {name!r}; pass the function itself, without calling it"
            )
    # All within one outline: to clean up after it takes half a second each time.
    rows = outline(lambda: [{"name": n, **_summary(build())} for n, build in builders.items()])
    table = pd.DataFrame(rows, dtype=object).set_index("name")
    integers = ("layers", *COUNTS, "trainable")
    return table.astype(dict.fromkeys(integers, "int64"))


def formatted(table):
    """The table as text for reading: thousands separators, "1 x 7" for pairs, "-" for None.

    >>> formatted(pd.DataFrame({"parameters": [62378344], "stride": [None]})).iloc[0].tolist()
    ['62,378,344', '-']
    """

    def text(value):
        if isinstance(value, tuple):
            return " x ".join(map(str, value))
        if pd.isna(value):
            return "-"
        return value if isinstance(value, str) else f"{value:,}"

    return table.map(text)


def receptive_field(model, layer_name):
    """Receptive field and stride of one layer, in input pixels, as in `model_table`.

    Returns:
        (size, stride): each an integer, or (height, width) where the two differ, or None.

    Raises:
        ValueError: no layer of that name, or as `model_table`.

    >>> x = inputs = keras.Input((32, 32, 3))
    >>> for i in (1, 2, 3):
    ...     x = keras.layers.Conv2D(8, 3, name=f"conv{i}")(x)
    >>> receptive_field(keras.Model(inputs, x), "conv3")
    (7, 1)
    """
    rows = {row["layer"]: row for row in _rows(model)}
    if layer_name not in rows:
        raise ValueError(_no_layer(layer_name, rows))
    return rows[layer_name]["receptive_field"], rows[layer_name]["stride"]


def empirical_receptive_field(model, layer_name):
    """Height and width of the image region that one central output of a layer depends on.

    Measured, not computed: the gradient of that output with respect to the input is not zero
    exactly there. For this the layers up to `layer_name` are copied with positive, averaging
    weights, without activation functions and with average in place of max pooling, so that no
    path is dead and none cancel. For a field that overlaps the image's border the result is the
    part inside. Gradients of the corners shrink ninefold with each 3x3 convolution and vanish
    in float32 after about 40 of them.

    Args:
        model: as in `model_table`, with one input.
        layer_name: a layer of the model itself, not of a nested one.

    Raises:
        ValueError: no layer of that name.

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(1, 3, name="conv")])
    >>> empirical_receptive_field(model, "conv")
    (3, 3)
    """
    outputs = {node.operation.name: node.outputs[0] for node in _calls(model)}
    if layer_name not in outputs:
        raise ValueError(_no_layer(layer_name, outputs))
    part = keras.Model(model.inputs[0], outputs[layer_name])
    linear = keras.models.clone_model(part, clone_function=_averaging)
    image = tf.ones((1, *part.inputs[0].shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = linear(image, training=False)[0]  # (height, width, channels) or (units,)
        if len(output.shape) == 3:
            output = output[output.shape[0] // 2, output.shape[1] // 2]
    seen = np.any(tape.gradient(output, image)[0], axis=-1)  # (height, width)
    return tuple(int(np.ptp(np.flatnonzero(seen.any(axis=axis)))) + 1 for axis in (1, 0))


def _calls(model):
    """The model's layer calls (Keras nodes), each after those that it depends on.

    Keras has no public way to walk a model that also holds for shared layers and operators
    such as `x + y`: `_keras_history` and `_inbound_nodes` are the only private names used.
    """
    built = isinstance(model, keras.Model) and model.built
    if not (built and getattr(model, "inputs", None)):
        raise ValueError(
            f"model must be a functional or Sequential model that is built, got {model!r}; "
            "give a Sequential model a keras.Input as its first entry"
        )
    calls, waiting = {}, [*reversed(model.outputs)]
    while waiting:
        operation, index, _ = waiting[-1]._keras_history
        node = operation._inbound_nodes[index]
        missing = [x for x in node.input_tensors if x._keras_history[:2] not in calls]
        if missing:
            waiting.extend(reversed(missing))
        else:
            calls[operation, index] = node
            waiting.pop()
    return list(calls.values())


def _no_layer(layer_name, names):
    return f"layer_name must be one of the model's layers, got {layer_name!r}; it has {[*names]}"


def _averaging(layer):
    """A copy of the layer for `empirical_receptive_field`."""
    if isinstance(layer, keras.Model):
        return keras.models.clone_model(layer, clone_function=_averaging)
    config = layer.get_config()
    for key in config:
        if key in ("kernel_initializer", "depthwise_initializer", "pointwise_initializer"):
            config[key] = _average
        elif key == "activation":
            config[key] = "linear"
    if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1) != layer.strides:
        # TensorFlow 2.16 to 2.21 (with oneDNN) overwrites memory in the gradient of a strided 1x1
        # convolution of one image with fewer than 16 channels. A window as wide as the stride, of
        # which only the first pixel has weights, is the same convolution and takes another path.
        config.update(kernel_size=layer.strides, padding="same", kernel_initializer=_first_pixel)
    swap = {
        keras.layers.MaxPooling2D: keras.layers.AveragePooling2D,
        keras.layers.GlobalMaxPooling2D: keras.layers.GlobalAveragePooling2D,
    }
    return swap.get(type(layer), type(layer)).from_config(config)


def _average(shape, dtype=None):
    return tf.fill(shape, tf.cast(1 / math.prod(shape[:-1]), dtype or tf.float32))


def _first_pixel(shape, dtype=None):
    weights = np.zeros(shape)
    weights[0, 0] = 1 / shape[2]
    return tf.cast(weights, dtype or tf.float32)


def _rows(model):
    rows = []
    _walk(model, None, "", rows, set())
    return rows


def _sums(rows):
    sums = {name: sum(row[name] for row in rows) for name in COUNTS}
    return {**sums, "trainable": sums["parameters"] - sums["non_trainable"]}


def _summary(model):
    rows = []
    way = _walk(model, None, "", rows, set())[0]
    is_map = way.last_map is not None and way.last_map[0].stride is not None
    return {
        "input": ", ".join(" x ".join(map(str, _shape(x))) for x in model.inputs),
        "layers": way.depth,
        **_sums(rows),
        "receptive_field": _side(axis.size for axis in way.last_map) if is_map else None,
    }


# What lies between the image and a tensor. `field`: what one output sees, a pair of `_Axis`
# (height, width), or None if it is unknown; `last_map`: the field of the last map on the way;
# `depth`: layers with a kernel on the longest way.
_Way = namedtuple("_Way", "field last_map depth")


def _walk(model, ways, prefix, rows, counted):
    """Append a row per layer call to `rows`; return the `_Way` of each of the model's outputs.

    ways: those of the model's inputs, or None for a model that sees the image itself.
    prefix: what stands before the layers' names; "" outside nested models.
    counted: ids of the weights that stand in an earlier row.
    """
    calls = _calls(model)
    ways = ways or [_start(_shape(x)) for x in model.inputs]
    known = {id(x): way for x, way in zip(model.inputs, ways, strict=True)}
    for node in calls:
        layer, inputs, outputs = node.operation, node.input_tensors, node.outputs
        ways = [known[id(x)] for x in inputs or outputs]
        if isinstance(layer, keras.Model):
            ways = _walk(layer, ways, f"{prefix}{layer.name}/", rows, counted)
        else:
            ways = [_through(layer, ways, (inputs or outputs)[0], outputs[0])] * len(outputs)
            if inputs or not prefix:  # what a nested model receives has its row already
                rows.append(_row(prefix, node, ways[0].field, counted))
        known.update((id(x), way) for x, way in zip(outputs, ways, strict=True))
    return [known[id(x)] for x in model.outputs]


def _start(shape):
    image = [_Axis(0, 1, 1)] * 2 if len(shape) == 3 else None
    return _Way(image, image, 0)


def _through(layer, ways, first_input, output):
    """The way through a layer, from those of its inputs."""
    shape, output_shape = _shape(first_input), _shape(output)
    field = _seen(layer, [way.field for way in ways], shape, output_shape)
    # GoogLeNet pools a 7x7 map with a window of 7x7: global pooling by another name.
    window = getattr(layer, "pool_size", None)
    averages = isinstance(layer, keras.layers.AveragePooling2D) and window == shape[:2]
    pooled = averages or isinstance(layer, GLOBAL_POOLING)
    last_map = field if len(output_shape) == 3 and not pooled else ways[0].last_map
    depth = max(way.depth for way in ways) + isinstance(layer, MULTIPLIES)
    return _Way(field, last_map, depth)


def _row(prefix, node, field, counted):
    layer, shapes = node.operation, [_shape(x) for x in node.outputs]
    weights = [w for w in getattr(layer, "weights", ()) if id(w) not in counted]
    counted.update(map(id, weights))
    frozen = {id(w) for w in getattr(layer, "non_trainable_weights", ())}
    return {
        "layer": prefix + layer.name,
        "type": type(layer).__name__,
        "output_shape": ", ".join(" x ".join(map(str, shape)) for shape in shapes),
        "parameters": sum(math.prod(w.shape) for w in weights),
        "non_trainable": sum(math.prod(w.shape) for w in weights if id(w) in frozen),
        "multiply_adds": _multiply_adds(layer, shapes[0]),
        "receptive_field": _side(axis.size for axis in field) if field else None,
        "stride": _side(axis.stride for axis in field) if field else None,
        "activation_bytes": FLOAT32_BYTES * sum(map(math.prod, shapes)),
    }


def _side(pair):
    height, width = pair
    return height if height == width else (height, width)


def _shape(tensor):
    """Shape without the batch."""
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise ValueError(
            f"model must have inputs of a fixed size, got a tensor of shape {tensor.shape}; "
            "build it with keras.Input((height, width, channels))"
        )
    return shape


def _multiply_adds(layer, output_shape):
    kernels = [w for w in getattr(layer, "weights", ()) if len(w.shape) > 1]
    if isinstance(layer, MULTIPLIES):
        return math.prod(output_shape[:-1]) * sum(math.prod(w.shape) for w in kernels)
    if kernels and not isinstance(layer, keras.layers.PReLU):
        raise ValueError(
            f"model must be made of layers whose multiply-adds are known, got {layer.name!r} of "
            f"type {type(layer).__name__}; build it from Conv2D, DepthwiseConv2D, "
            "SeparableConv2D and Dense layers"
        )
    return 0


# What the outputs of a layer see along one axis of the image, in input pixels: output i sees
# `size` pixels from start + i * stride on. `start` is negative where padding is seen. A stride
# of None means that there is no map any more: one output sees all of it.
_Axis = namedtuple("_Axis", "start size stride")


def _seen(layer, fields, shape, output_shape):
    """What one output of the layer sees, from the fields of its inputs."""
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(
            f"model must have its channels last, got channels_first in {layer.name!r}; "
            'build it with data_format="channels_last"'
        )
    axes = None if None in fields else _union(fields)
    if axes is None or axes[0].stride is None:
        return axes
    if isinstance(layer, WINDOWS):
        kernel = getattr(layer, "kernel_size", None) or layer.pool_size
        dilation = getattr(layer, "dilation_rate", (1, 1))
        return [
            _slide(*window, layer.padding)
            for window in zip(axes, shape[:2], kernel, layer.strides, dilation, strict=True)
        ]
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return [
            axis._replace(start=axis.start - before * axis.stride)
            for axis, (before, _) in zip(axes, layer.padding, strict=True)
        ]
    if len(output_shape) != 3 or isinstance(layer, GLOBAL_POOLING):
        return [
            _Axis(axis.start, axis.size + (n - 1) * axis.stride, None)
            for axis, n in zip(axes, shape[:2], strict=True)
        ]
    return axes if output_shape[:2] == shape[:2] else None


def _union(fields):
    axes = []
    for branches in zip(*fields, strict=True):
        strides = {axis.stride for axis in branches}
        if len(strides - {None}) > 1:
            return None
        start = min(axis.start for axis in branches)
        stop = max(axis.start + axis.size for axis in branches)
        axes.append(_Axis(start, stop - start, None if None in strides else strides.pop()))
    return axes


def _slide(axis, n, kernel, stride, dilation, padding):
    """Slide a window along an axis of n positions."""
    span = dilation * (kernel - 1) + 1
    before = 0
    if padding == "same":  # TensorFlow's rule: as little as needed, the odd one at the end
        outputs = math.ceil(n / stride)
        before = max((outputs - 1) * stride + span - n, 0) // 2
    return _Axis(
        axis.start - before * axis.stride,
        axis.size + (span - 1) * axis.stride,
        axis.stride * stride,
    )
