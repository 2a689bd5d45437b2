"""A learner's values: compare them, show them, and say what is wrong with them."""

import numpy as np


def same(received, expected):
    """Whether a learner's value is the expected one. Never raises.

    Whole numbers must be equal, other numbers agree to 9 digits (float32 to 5), arrays agree in
    shape and values, NaN is NaN. A list may stand for a tuple or an array; True and "1" are not 1.

    >>> same(3.0, 3), same(3.001, 3), same(True, 1), same([0.1 + 0.2], np.array([0.3]))
    (True, False, False, True)
    """
    try:
        if expected is None or callable(expected):
            return received is expected
        if isinstance(expected, str):
            return isinstance(received, str) and received == expected
        if isinstance(expected, int) and isinstance(received, int):  # of any size
            return isinstance(expected, bool) == isinstance(received, bool) and received == expected
        if isinstance(expected, tuple | list):
            return (
                isinstance(received, tuple | list | np.ndarray)
                and len(received) == len(expected)
                and all(map(same, received, expected))
            )
        received, expected = np.asarray(received), np.asarray(expected)
        kinds = "b" if expected.dtype.kind == "b" else "iuf"
        if received.shape != expected.shape or received.dtype.kind not in kinds:
            return False
        if expected.dtype.kind != "f":
            return np.array_equal(received, expected)
        precision = 1e-5 if received.dtype == np.float32 else 1e-9
        return np.allclose(
            received, expected, rtol=precision, atol=precision / 1000, equal_nan=True
        )
    except Exception:  # ragged lists, and objects that refuse to be compared
        return False


def misfit(received, expected):
    """What is wrong with the type or shape of a value, or None if they are as expected."""
    if isinstance(expected, tuple):
        if isinstance(received, tuple | list | np.ndarray) and len(received) == len(expected):
            return None
        return f"Return {len(expected)} values, in the order that the exercise names"
    wanted = np.asarray(expected)
    if isinstance(received, str):
        return "That is text; write a number without quotes"
    if isinstance(received, bool | np.bool_):
        return "That is True or False; it should be a number"
    if isinstance(received, tuple) and wanted.shape == ():
        return "In Python a comma makes several numbers: write 1234 or 1_234, not 1,234"
    try:
        shape = np.shape(received)
    except ValueError:
        return "The parts of your result have different lengths"
    if shape != wanted.shape:
        return f"Your result has the shape {shape}; it should be {wanted.shape}"
    if isinstance(received, float | np.floating) and wanted.dtype.kind == "i":
        return None if float(received).is_integer() else "It should be a whole number"
    return None


def rounded(received, expected):
    """Whether all values are the expected ones rounded to some number of digits."""
    try:
        return any(
            all(same(r, np.round(e, digits)) for r, e in zip(received, expected, strict=True))
            for digits in range(1, 13)
        )
    except Exception:  # values that cannot be rounded
        return False


def show(value, length=300):
    """The value as text of at most this length. Never raises.

    >>> show((1234567, 0.25)), show(list(range(10**6)), length=24)
    ('(1,234,567, 0.25)', '[0, 1, 2, 3, 4, 5, 6, 7…')
    """
    try:
        return cut(_text(value), length)
    except Exception:  # a __repr__ that raises, an int with too many digits
        return f"an object of type {type(value).__name__}"


def cut(text, length):
    """The text on one line, cut to this length."""
    text = " ".join(str(text).encode("utf-8", "replace").decode().split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _text(value):
    if isinstance(value, np.ndarray):
        text = np.array2string(
            np.asarray(value), precision=4, separator=", ", threshold=40, edgeitems=1
        )
        return text if value.size <= 40 else f"{text} of shape {value.shape}"
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{int(value):,}"
    if isinstance(value, float | np.floating):
        return f"{float(value):.10g}"
    if isinstance(value, list | tuple):
        # A long list is cut before it is turned into text.
        text = ", ".join(map(_text, value[:100])) + "," * (len(value) == 1)
        return f"[{text.rstrip(',')}]" if isinstance(value, list) else f"({text})"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    return value.__name__.strip("_") if callable(value) else repr(value)
