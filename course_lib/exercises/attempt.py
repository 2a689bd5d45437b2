"""One call of a learner's function, which returns to the check whatever happens."""

import copy
import inspect
import os
import random
import sys
import traceback
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

from course_lib.exercises import limits
from course_lib.exercises.limits import OverLimit
from course_lib.exercises.limits import TooLong as TooLong
from course_lib.exercises.values import cut, same


class Outcome(NamedTuple):
    """What a call returned, the error that stopped it, and the arguments that it changed."""

    value: Any = None
    error: BaseException | None = None
    changed: tuple[int, ...] = ()


def attempt(function, arguments, slow=lambda: None, limit_s=None):
    """Call the function with copies of the arguments.

    What it changes for the whole program, such as a seed, is put back.

    Args:
        function: the learner's.
        arguments: a tuple.
        slow: called once, in another thread, when the function is still running after `SLOW_S`
            seconds.
        limit_s: after so many seconds it is stopped; `LIMIT_S` if not given.

    >>> attempt(lambda numbers: numbers.pop(), ([1, 2],))
    Outcome(value=2, error=None, changed=(0,))
    """
    copies = copy.deepcopy(arguments)
    value = error = None
    try:
        with _state_put_back(), limits.weights_limited():
            value = limits.within(limit_s or limits.LIMIT_S, lambda: function(*copies), slow)
    except KeyboardInterrupt:
        raise
    except BaseException as stopped:  # sys.exit() in an answer must not end the notebook
        error = stopped
    pairs = zip(copies, arguments, strict=True)
    return Outcome(value, error, tuple(i for i, pair in enumerate(pairs) if not same(*pair)))


@contextmanager
def _state_put_back():
    """Put back what the body changes for the whole program.

    Only of libraries that are loaded: no answer is worth the seconds that TensorFlow takes.
    """
    pairs = [
        (random.getstate, random.setstate),
        (np.random.get_state, np.random.set_state),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (os.getcwd, os.chdir),
    ]
    if config := getattr(sys.modules.get("keras"), "config", None):
        pairs += [
            (config.floatx, config.set_floatx),
            (config.dtype_policy, config.set_dtype_policy),
            (config.image_data_format, config.set_image_data_format),
            (_keras_seeds, _set_keras_seeds),
            (_tensorflow_seed, _set_tensorflow_seed),
        ]
    kept = []
    for read, write in pairs:
        with suppress(Exception):  # no working directory, or a Keras without this attribute
            kept.append((write, read()))
    try:
        with np.errstate(), np.printoptions():
            yield
    finally:
        for write, value in kept:
            with suppress(Exception):
                write(value)


# `keras.utils.set_random_seed` has no counterpart that tells the seed, and no public one puts back
# how far the generators are. Where a version keeps them elsewhere, they stay as they are.
_KERAS_SEEDS = ("global_random_seed", "global_seed_generator")


def _keras_seeds():
    state = sys.modules["keras.src.backend.common.global_state"]
    seed, generator = map(state.get_global_attribute, _KERAS_SEEDS)
    return seed, generator, generator and generator.state.numpy()


def _set_keras_seeds(kept):
    *attributes, position = kept
    state = sys.modules["keras.src.backend.common.global_state"]
    for name, value in zip(_KERAS_SEEDS, attributes, strict=True):
        state.set_global_attribute(name, value)
    if position is not None:
        attributes[1].state.assign(position)


def _tensorflow_seed():
    context = sys.modules["tensorflow.python.eager.context"].context()
    generator = vars(context).get("_rng")
    return context, context._seed, generator, generator and generator.getstate()


def _set_tensorflow_seed(kept):
    context, seed, generator, position = kept
    context._seed, context._rng = seed, generator
    if generator:
        generator.setstate(position)


def stopped_at(function, error):
    """Where and how the function stopped, as in "your line 2, `return 1 / 0`, stops with ..."."""
    if isinstance(error, OverLimit):
        return str(error)
    place = "your function"
    code = getattr(inspect.unwrap(function), "__code__", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if code and frame.filename == code.co_filename:
            place = f"your line {frame.lineno}" + (f", `{frame.line}`," if frame.line else "")
    try:
        message = str(error)
    except Exception:
        message = ""
    kind = type(error).__name__
    if kind == "AssertionError" and not message:
        return f"the assert in {cut(place, 200).rstrip(',')} does not hold"
    return f"{cut(place, 200)} stops with {kind}" + (f": {cut(message, 200)}" if message else "")


def unsolved(function, error):
    """The name of the function that still raises NotImplementedError, or None.

    It may be a function from an earlier exercise that the learner's function calls.
    """
    if not isinstance(error, NotImplementedError):
        return None
    function = inspect.unwrap(function)
    *_, last = traceback.extract_tb(error.__traceback__)
    own = last.name == getattr(function, "__name__", None)
    return last.name if own or last.name in getattr(function, "__globals__", {}) else None
