"""Fingerprints of data and nets: whether a saved result belongs to what lies before us."""

import hashlib
import json

import keras
import numpy as np

# Where Keras writes the names of layers; a name that it made up says how many were built before.
NAMED = ("name", "keras_history", "input_layers", "output_layers")
# A seed is the recipe's, and a lambda's code holds the path of the file that it was written in.
LEFT_OUT = ("seed", "code")


def data_fingerprint(*pairs: tuple[np.ndarray, np.ndarray] | None) -> str:
    """SHA-256 of images and labels: their numbers, their order, shapes and dtypes.

    Args:
        pairs: images and labels each, such as those of training and test; None for no such pair.

    Returns:
        64 hexadecimal digits.

    >>> images, labels = np.zeros((2, 4, 4, 1), "float32"), np.array([0, 1])
    >>> data_fingerprint((images, labels)) == data_fingerprint((images, labels[::-1]))
    False
    """
    digest = hashlib.sha256()
    for pair in pairs:
        for array in (np.ascontiguousarray(part) for part in pair or ()):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array)
        digest.update(b"end of a pair")
    return digest.hexdigest()


def net_fingerprint(model: keras.Model) -> str:
    """SHA-256 of a net's layers, their settings, connections and weights' shapes.

    The values of the weights, seeds, and the names of layers do not count; nor does what a Lambda
    layer computes, so that another function there goes unnoticed.

    Args:
        model: a functional or Sequential model.

    Returns:
        64 hexadecimal digits.

    >>> def net(activation):
    ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation)])
    >>> net_fingerprint(net("relu")) == net_fingerprint(net("relu"))
    True
    >>> net_fingerprint(net("relu")) == net_fingerprint(net("tanh"))
    False
    """
    config = model.get_config()
    numbers = {config.pop("name"): "net"}
    for layer in _layers(config):
        numbers.setdefault(layer["config"]["name"], f"layer {len(numbers)}")

    def plain(part, key=None):
        if isinstance(part, dict):
            return {k: plain(v, k) for k, v in part.items() if v is not None and k not in LEFT_OUT}
        if isinstance(part, (list, tuple)):
            return [plain(each, key) for each in part]
        return numbers.get(part, part) if key in NAMED else part

    shapes = [list(weight.shape) for weight in model.weights]
    text = json.dumps([plain(config), shapes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _layers(config):
    for layer in config.get("layers", ()):
        yield layer
        yield from _layers(layer["config"])
