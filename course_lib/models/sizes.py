"""Whether a net can be built: checks of image sizes, classes, choices and widths."""

import bisect
import functools
import inspect
from collections.abc import Iterable, Sequence

import keras

from course_lib.models.weightless import outline

LARGEST = 1024  # side in pixels; a net that cannot be built for this size has another fault


def takes_images(build):
    """Decorator for builders: checks `input_shape` and `classes`, and names the smallest size.

    If Keras cannot build the net, or a stride is larger than the map, an outline of the net for a
    large image tells which sizes fit.

    >>> import keras
    >>> @takes_images
    ... def build(input_shape):
    ...     image = keras.Input(input_shape)
    ...     return keras.Model(image, keras.layers.Conv2D(4, 5)(image))
    >>> build((4, 8, 3))
    Traceback (most recent call last):
    ValueError: input_shape must be at least 5×5 for this net, got 4×8; take larger images
    """
    signature = inspect.signature(build)

    @functools.wraps(build)
    def checked(*args, **kwargs):
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()
        shape, classes = call.arguments["input_shape"], call.arguments.get("classes", 2)
        whole = isinstance(shape, tuple | list) and all(isinstance(n, int) and n > 0 for n in shape)
        if not whole or len(shape) != 3:
            rule = "input_shape must be (height, width, channels), whole numbers"
            raise ValueError(f"{rule}, got {shape!r}")
        if not isinstance(classes, int) or classes < 2:
            raise ValueError(f"classes must be a whole number of at least 2, got {classes!r}")
        height, width, channels = shape

        refusal = None
        try:
            model = build(*args, **kwargs)
            if _takes(model, height, width):
                return model
        except ValueError as error:
            refusal = error
        call.arguments["input_shape"] = (LARGEST, LARGEST, channels)
        try:
            large = outline(lambda: build(*call.args, **call.kwargs))
        except ValueError:
            raise refusal from None
        sides = range(1, LARGEST + 1)
        smallest = 1 + bisect.bisect_left(sides, True, key=lambda n: _takes(large, n, n))
        if smallest <= min(height, width):
            raise refusal
        stem = " or a smaller stem" if "stem" in signature.parameters else ""
        raise ValueError(
            f"input_shape must be at least {smallest}×{smallest} for this net, "
            f"got {height}×{width}; take larger images{stem}"
        )

    return checked


def _takes(model, height, width):
    """Whether images of this size are large enough for every layer. The net holds no other nets."""
    shapes = {}
    for layer in model.layers:  # each after those that it takes its inputs from
        if layer.output is model.input:
            shape = (None, height, width, model.input.shape[3])
        else:
            shape = keras.tree.map_structure(lambda x: shapes[id(x)], layer.input)
            if hasattr(layer, "strides") and min(shape[1:3]) < max(layer.strides):
                return False  # Keras would accept it
            try:
                shape = layer.compute_output_shape(shape)
            except ValueError:
                return False
        shapes[id(layer.output)] = shape
    return True


def check_choice(name: str, value, choices: Iterable) -> None:
    """Raise ValueError unless `value` is one of the choices."""
    if value not in (choices := list(choices)):
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}")


def scaled(filters: Sequence[int], width: float, multiple: int = 1) -> list[int]:
    """The numbers of filters in a net that is `width` times as wide.

    Raises ValueError if one is 0, or not a multiple of `multiple`, the number of groups.

    >>> scaled((64, 128), 0.25)
    [16, 32]
    """
    numbers = [round(width * n) for n in filters]
    if min(numbers) < 1:
        raise ValueError(f"width must leave each layer a filter, got {width!r}")
    if any(n % multiple for n in numbers):
        rule = f"width must leave each layer a multiple of {multiple} filters"
        raise ValueError(f"{rule}, got {width!r}; 1, 0.5, 0.25 and 0.125 do")
    return numbers
