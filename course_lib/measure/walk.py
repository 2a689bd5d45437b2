"""Walk through a Keras model: its layer calls in order, and what is between each and the image."""

from typing import NamedTuple

import keras

from course_lib.measure.geometry import Axis, union

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
WINDOWS = (*CONVOLUTIONS, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
GLOBAL_POOLING = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)


class Way(NamedTuple):
    """What is between the image and a tensor."""

    field: list[Axis] | None  # what one output sees (height, width); None if unknown
    last_map: list[Axis] | None  # the same for the last feature maps on the way
    depth: int  # number of layers with a kernel on the longest path


class Call(NamedTuple):
    """One call of a layer: its name ("outer/inner" in a nested model), and what it returns."""

    name: str
    layer: keras.Operation
    shapes: list[tuple[int, ...]]  # of the outputs, without the batch
    field: list[Axis] | None


def _layer_nodes(model):
    """The model's layer calls as Keras nodes, each after those that it depends on.

    Keras has no public way to walk through a model with shared layers and operators such as
    `x + y`; `_keras_history` and `_inbound_nodes` are the only private names used here.
    """
    if not (isinstance(model, keras.Model) and model.built and getattr(model, "inputs", None)):
        raise ValueError(
            "model must be a functional or Sequential model that is built, or a function that "
            f"builds one, got {model!r}; start a Sequential model with a keras.Input"
        )
    nodes, waiting = {}, [*reversed(model.outputs)]
    while waiting:
        operation, index, _ = waiting[-1]._keras_history
        node = operation._inbound_nodes[index]
        missing = [x for x in node.input_tensors if x._keras_history[:2] not in nodes]
        if missing:
            waiting.extend(reversed(missing))
        else:
            nodes[operation, index] = node
            waiting.pop()
    return list(nodes.values())


def walk(model, ways=None, prefix=""):
    """Every layer call of a model and of the models inside it, in the order of computation.

    For a nested model, `ways` lead to its inputs, and `prefix` begins its layers' names. Returns a
    list of `Call`, and a list with the `Way` to each of the model's outputs.
    """
    nodes, calls = _layer_nodes(model), []
    image = [Axis(), Axis()]
    starts = [image if len(_shape(x)) == 3 else None for x in model.inputs]
    ways = ways or [Way(start, start, 0) for start in starts]
    known = {id(x): way for x, way in zip(model.inputs, ways, strict=True)}
    for node in nodes:
        layer, inputs, outputs = node.operation, node.input_tensors, node.outputs
        ways = [known[id(x)] for x in inputs or outputs]
        if isinstance(layer, keras.Model):
            inner, ways = walk(layer, ways, f"{prefix}{layer.name}/")
            calls += inner
        else:
            shapes = [_shape(x) for x in outputs]
            way = _through(layer, ways, _shape((inputs or outputs)[0]), shapes[0])
            ways = [way] * len(outputs)
            if inputs or not prefix:  # a nested model's input is in the list already
                calls.append(Call(prefix + layer.name, layer, shapes, way.field))
        known.update((id(x), way) for x, way in zip(outputs, ways, strict=True))
    return calls, [known[id(x)] for x in model.outputs]


def _shape(tensor):
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise ValueError(f"model must have inputs of a fixed size, got a tensor of {tensor.shape}")
    return shape


def _through(layer, ways, shape, output_shape):
    """The way to a layer's output, from the ways to its inputs."""
    field = _seen(layer, [way.field for way in ways], shape, output_shape)
    # A pooling window as large as the map, such as GoogLeNet's 7×7, is global pooling.
    window = getattr(layer, "pool_size", None)
    averages = isinstance(layer, keras.layers.AveragePooling2D) and window == shape[:2]
    pooled = averages or isinstance(layer, GLOBAL_POOLING)
    last_map = field if len(output_shape) == 3 and not pooled else ways[0].last_map
    has_kernel = isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense))
    return Way(field, last_map, max(way.depth for way in ways) + has_kernel)


def _seen(layer, fields, shape, output_shape):
    """What one output of the layer sees, from the fields of its inputs."""
    axes = [None] if None in fields else [union(branches) for branches in zip(*fields, strict=True)]
    if None in axes:
        return None
    if axes[0].stride is None:
        return axes
    if isinstance(layer, WINDOWS):
        kernel = getattr(layer, "kernel_size", None) or layer.pool_size
        dilation = getattr(layer, "dilation_rate", (1, 1))
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        windows = zip(axes, spans, layer.strides, strict=True)
        return [axis.slide(span, stride) for axis, span, stride in windows]
    if len(output_shape) != 3 or isinstance(layer, GLOBAL_POOLING):
        sizes = [axis.slide(size).size for axis, size in zip(axes, shape[:2], strict=True)]
        return [Axis(size, None) for size in sizes]
    same = isinstance(layer, keras.layers.ZeroPadding2D) or output_shape[:2] == shape[:2]
    return axes if same else None
