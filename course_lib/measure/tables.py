"""A net as a table: shapes, parameters, multiply-adds, receptive fields, memory.

A net is a built functional or Sequential Keras model with inputs of a fixed size, channels last; or
its builder, a function without arguments, whose net is made without memory for its weights.
Anything else raises ValueError, and so does a layer whose multiply-adds are not known here.
"""

import math
import re
from numbers import Real

import keras
import pandas as pd

from course_lib.measure.geometry import conv_cost
from course_lib.measure.walk import CONVOLUTIONS, walk
from course_lib.models.weightless import outline

COUNTS = ("parameters", "non_trainable", "multiply_adds", "activation_bytes")
FLOAT32_BYTES = 4
# These layers leave no output in memory for the backward pass: a reshaped tensor is the same
# memory, and a normalisation's gradient needs only its input.
LEAVES_NOTHING = (keras.layers.BatchNormalization, keras.layers.Flatten, keras.layers.Reshape)


def model_table(net):
    """One row for each layer, in the order of computation, indexed by the layer's name.

    Columns:
        type: the layer's class.
        stage, block: where the layer belongs, by its name: stage3 and stage3_blocka for
            "stage3_blocka_conv1"; for other layers their own name.
        kernel: of a convolution, text such as "3 x 3".
        activation: name of the function that the layer applies; "linear" if it could apply one but
            does not.
        output_shape: text without the batch, such as "55 x 55 x 96".
        parameters, non_trainable: number of weights; how many of them training does not change.
        multiply_adds: for one image, of convolutions and dense layers only. A multiplication and
            its addition count as one.
        receptive_field: side of the square of input pixels that one output depends on, or
            (height, width). Padding counts; where branches meet, it is the largest one's. After
            flattening or global pooling it is that of the whole map; None if it is unknown, as
            after upsampling.
        stride: input pixels between neighbouring outputs; None if there is no map any more.
        activation_bytes: the size of the layer's output for one image in float32.

    A layer of a nested model is named "outer/inner". A layer that is called twice has two rows; its
    parameters are in the first. A layer of unknown type that keeps height and width is assumed to
    work pixel by pixel.

    >>> table = model_table(lambda: keras.Sequential([
    ...     keras.Input((8, 8, 3)),
    ...     keras.layers.Conv2D(4, 3, strides=2, name="conv1"),
    ...     keras.layers.Conv2D(4, 3, name="conv2"),
    ... ]))
    >>> table.parameters.tolist(), table.multiply_adds.tolist(), table.receptive_field.tolist()
    ([0, 112, 148], [0, 972, 144], [1, 3, 7])
    """
    return _table(_walk(net)[0])


def totals(net):
    """Sums over the net's layers: a dictionary of integers.

    Its keys are four columns of `model_table` (parameters, non_trainable, multiply_adds and
    activation_bytes) and trainable.

    >>> totals(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))["parameters"]
    15
    """
    return _sums(model_table(net))


def side_by_side(nets):
    """Architectures compared: one row for each net of a dictionary, indexed by its name.

    Columns:
        input: text such as "224 x 224 x 3".
        layers: number of layers with a kernel on the longest path to the first output, as in the
            papers: only the longest of parallel branches, and no auxiliary head.
        parameters, non_trainable, multiply_adds, activation_bytes, trainable: as in `totals`.
        receptive_field: of the last feature maps before the first output, before they are flattened
            or pooled globally; None if it is unknown.

    >>> def small():
    ...     x = image = keras.Input((8, 8, 3))
    ...     for i in (1, 2):
    ...         x = keras.layers.Conv2D(4, 3, name=f"conv{i}")(x)
    ...     return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    >>> formatted(side_by_side({"small": small})).loc["small"].tolist()
    ['8 x 8 x 3', '3', '390', '0', '6,320', '1,864', '390', '5']
    """
    rows = [{"name": name, **_summary(net)} for name, net in nets.items()]
    return _frame(rows, "name", ("layers", *COUNTS, "trainable"))


def receptive_field(net, layer_name):
    """Receptive field and stride of one layer, as in `model_table`.

    >>> receptive_field(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(
    ...     4, 5, strides=2, name="conv")]), "conv")
    (5, 2)
    """
    table = model_table(net)
    if layer_name not in table.index:
        raise ValueError(f"layer_name must be one of {list(table.index)}, got {layer_name!r}")
    row = table.loc[[layer_name]].iloc[0]
    return row.receptive_field, row.stride


def training_memory(net, batch_size, slots=1):
    """About how many bytes it takes to train a net in float32.

    Weights, gradients, the optimiser's `slots` per weight (1 for momentum, 2 for Adam), and the
    outputs that a batch keeps for the backward pass; as working space, twice the largest output and
    twice the largest layer's weights; but not the data set and the program (half a gigabyte). On a
    CPU this was within a fifth of the peak for VGGs, residual nets and dense nets.

    >>> training_memory(lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), 10)
    900
    """
    calls = _walk(net)[0]
    table = _table(calls)
    sums = _sums(table)
    kept = [not isinstance(call.layer, LEAVES_NOTHING) for call in calls]
    outputs = table.activation_bytes[kept]
    weights = sums["parameters"] + (1 + slots) * sums["trainable"] + 2 * table.parameters.max()
    return int(FLOAT32_BYTES * weights + batch_size * (outputs.sum() + 2 * outputs.max()))


def formatted(table):
    """The table as text for reading: thousands separators, "1 x 7" for pairs, "-" for None.

    A column of whole numbers shows no decimals, even if a None made pandas turn them into floats.

    >>> formatted(pd.DataFrame({"parameters": [62378344, None], "top-1": [62.5, 70]})).values
    array([['62,378,344', '62.5'],
           ['-', '70.0']], dtype=object)
    """
    return table.apply(_column_text)


def _column_text(column):
    def is_number(value):
        return isinstance(value, Real) and not isinstance(value, bool) and not pd.isna(value)

    whole = all(value % 1 == 0 for value in column if is_number(value))

    def text(value):
        if isinstance(value, tuple):
            return _by(value)
        if is_number(value):
            return f"{int(value) if whole else value:,}"
        return "-" if pd.isna(value) else str(value)

    return column.map(text)


def _walk(net):
    """The calls and ways of `walk`, through a model or what its builder makes."""
    is_builder = callable(net) and not isinstance(net, keras.layers.Layer)
    return walk(outline(net) if is_builder else net)


def _table(calls):
    rows, counted = [], set()
    for call in calls:
        layer = call.layer
        weights = [w for w in getattr(layer, "weights", ()) if id(w) not in counted]
        counted.update(map(id, weights))
        frozen = {id(w) for w in getattr(layer, "non_trainable_weights", ())}
        stage, block = _place(call.name)
        kernel = getattr(layer, "kernel_size", None)
        rows.append(
            {
                "layer": call.name,
                "type": type(layer).__name__,
                "stage": stage,
                "block": block,
                "kernel": kernel and _by(kernel),
                "activation": _activation(layer),
                "output_shape": ", ".join(map(_by, call.shapes)),
                "parameters": sum(math.prod(w.shape) for w in weights),
                "non_trainable": sum(math.prod(w.shape) for w in weights if id(w) in frozen),
                "multiply_adds": _multiply_adds(layer, call.shapes[0]),
                "receptive_field": _side(axis.size for axis in call.field) if call.field else None,
                "stride": _side(axis.stride for axis in call.field) if call.field else None,
                "activation_bytes": FLOAT32_BYTES * sum(map(math.prod, call.shapes)),
            }
        )
    return _frame(rows, "layer", COUNTS)


def _frame(rows, index, integers):
    # First as objects, or a None makes pandas turn integers into floats.
    table = pd.DataFrame(rows, dtype=object).set_index(index)
    return table.astype(dict.fromkeys(integers, "int64"))


def _by(shape):
    return " x ".join(map(str, shape))


def _side(pair):
    height, width = pair
    return height if height == width else (height, width)


def _place(name):
    place = re.match(r"((?:.*/)?(?:stem|stage\d+))(?:_(block[^_]+))?(?:_|$)", name)
    if not place:
        return name, name
    stage, block = place.groups()
    return stage, f"{stage}_{block}" if block else stage


def _activation(layer):
    if isinstance(layer, keras.layers.ReLU | keras.layers.Softmax):
        return type(layer).__name__.lower()
    function = getattr(layer, "activation", None)
    return function and getattr(function, "__name__", type(function).__name__)


def _multiply_adds(layer, output_shape):
    kernels = [w.shape for w in getattr(layer, "weights", ()) if len(w.shape) > 1]
    if isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
        return sum(
            conv_cost(window or 1, channels, filters, side=output_shape[:-1])
            for *window, channels, filters in kernels
        )
    if kernels and not isinstance(layer, keras.layers.PReLU):
        rule = "net must be made of layers whose multiply-adds are known"
        raise ValueError(f"{rule}, got {layer.name!r} of type {type(layer).__name__}")
    return 0


def _sums(table):
    sums = table[[*COUNTS]].sum().to_dict()
    return {**sums, "trainable": sums["parameters"] - sums["non_trainable"]}


def _summary(net):
    calls, (way, *_) = _walk(net)
    is_map = way.last_map is not None and way.last_map[0].stride is not None
    inputs = [call for call in calls if isinstance(call.layer, keras.layers.InputLayer)]
    return {
        "input": ", ".join(_by(call.shapes[0]) for call in inputs),
        "layers": way.depth,
        **_sums(_table(calls)),
        "receptive_field": _side(axis.size for axis in way.last_map) if is_map else None,
    }
