"""What every builder checks, so that a wrong argument gives one clear error."""

import math
from collections.abc import Iterable, Sequence

# A window that a net slides over its map: (kernel, stride, padding in pixels on either side).
# Padding "same" is None: such a window fits every map, but must not stride over more than there is.
Window = tuple[int, int, int | None]


def check_classes(classes: int) -> None:
    """Raise ValueError for fewer than 2 classes.

    >>> check_classes(10)
    """
    if not isinstance(classes, int) or classes < 2:
        raise ValueError(f"classes must be a whole number of at least 2, got {classes!r}")


def check_choice(name: str, value, choices: Iterable) -> None:
    """Raise ValueError if `value` is none of the choices.

    >>> check_choice("depth", 18, (18, 34))
    """
    if value not in (choices := list(choices)):
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}")


def scaled(filters: Sequence[int], width: float, multiple: int = 1) -> list[int]:
    """Numbers of filters of a net that is `width` times as wide.

    Raises ValueError if that leaves a layer without filters, or with a number that is no
    `multiple` (the groups of a grouped convolution).

    >>> scaled((64, 128), 0.25)
    [16, 32]
    """
    if not isinstance(width, int | float) or not 0 < width < math.inf:
        raise ValueError(f"width must be a number above 0, got {width!r}")
    numbers = [round(width * n) for n in filters]
    if min(numbers) < 1:
        smallest = 0.5 / min(filters)
        raise ValueError(
            f"width must leave each layer a filter, got {width!r}; take more than {smallest:.2g}"
        )
    if any(n % multiple for n in numbers):
        raise ValueError(
            f"width must leave each layer a multiple of {multiple} filters, got {width!r}; "
            "1, 0.5, 0.25 and 0.125 do"
        )
    return numbers


def check_size(input_shape: tuple[int, int, int], windows: Sequence[Window], advice="") -> None:
    """Raise ValueError if the image is too small for the windows that slide over it in turn.

    >>> check_size((32, 32, 3), [(2, 2, 0)] * 5)
    >>> check_size((31, 31, 3), [(2, 2, 0)] * 5)
    Traceback (most recent call last):
    ValueError: input_shape must be at least 32×32 for the stages of this net, got 31×31
    """
    if len(input_shape) != 3 or not all(isinstance(n, int) and n > 0 for n in input_shape):
        raise ValueError(
            f"input_shape must be (height, width, channels), whole numbers, got {input_shape!r}"
        )
    smallest = 1
    for kernel, stride, padding in reversed(windows):
        if padding is None:
            smallest = max((smallest - 1) * stride + 1, stride)
        else:
            smallest = (smallest - 1) * stride + kernel - 2 * padding
        smallest = max(smallest, 1)
    height, width, _ = input_shape
    if min(height, width) < smallest:
        raise ValueError(
            f"input_shape must be at least {smallest}×{smallest} for the stages of this net, "
            f"got {height}×{width}{advice and '; ' + advice}"
        )
