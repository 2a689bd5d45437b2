"""A model without memory for its weights: to count it, to draw it, to see whether it fits."""

import keras


def outline(build):
    """The model that `build` makes, with its shapes and counts but no memory for its weights.

    AlexNet's 62 million weights take 250 MB and a second to fill; to count them takes neither.
    The model can be shown as a table or a diagram; do not train it, save it or run it.

    Args:
        build: a function without arguments that returns a Keras model.

    Returns:
        The model. Names of layers that Keras makes up start again from one afterwards.

    >>> wide = outline(lambda: keras.Sequential([keras.Input((10**5,)), keras.layers.Dense(10**5)]))
    >>> wide.count_params()
    10000100000
    """
    policy = keras.config.dtype_policy()
    try:
        with keras.StatelessScope(initialize_variables=False):
            return build()
    finally:
        # Otherwise Keras would fill the weights after all as soon as it builds another model.
        keras.utils.clear_session()
        keras.config.set_dtype_policy(policy)
