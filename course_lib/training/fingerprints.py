"""Fingerprints of data and nets: they tell whether a saved training belongs to them.

Each is a SHA-256, as 64 hexadecimal digits.
"""

import hashlib
import json

import keras
import numpy as np

# Where Keras writes layers' names. They do not count: Keras numbers the layers of a whole program.
NAMED = ("name", "keras_history", "input_layers", "output_layers")
# Seeds belong to the recipe, and a lambda's code contains the path of its file.
LEFT_OUT = ("seed", "code")


def data_fingerprint(*pairs: tuple[np.ndarray, np.ndarray] | None) -> str:
    """The fingerprint of pairs of images and labels: values, order, shapes and dtypes.

    None stands for a missing pair, such as test images that are not measured.

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
    """The fingerprint of a net: its layers, their settings and connections, its weights' shapes.

    Values of weights, seeds and names of layers do not count. Nor does the code of a Lambda layer,
    so a change there goes unnoticed.

    >>> def net(activation):
    ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation)])
    >>> fingerprints = [net_fingerprint(net(name)) for name in ("relu", "relu", "tanh")]
    >>> fingerprints[0] == fingerprints[1], fingerprints[0] == fingerprints[2]
    (True, False)
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
