"""A model without memory for its weights, to count it or draw it, or see whether it fits."""

import random
from concurrent.futures import ThreadPoolExecutor

import keras


def outline(build):
    """The model that `build()` makes, with its shapes and counts but no memory for its weights.

    Show it as a table or a diagram; do not train, save or run it. `build` may also return several
    models. The program's random numbers and layer names go on as if there had been no outline.

    >>> wide = outline(lambda: keras.Sequential([keras.Input((10**5,)), keras.layers.Dense(10**5)]))
    >>> wide.count_params()
    10000100000
    """
    policy = keras.config.dtype_policy()

    def build_without_weights():
        keras.config.set_dtype_policy(policy)
        with keras.StatelessScope(initialize_variables=False):
            return build()

    state = random.getstate()  # initializers draw their seeds from it
    try:
        # Keras keeps its global state per thread: names, seeds, and the weights still to be filled.
        # In this thread it would fill them as soon as another model is built.
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(build_without_weights).result()
    finally:
        random.setstate(state)
