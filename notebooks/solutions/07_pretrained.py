"""Solutions of chapter 07, with their reasons."""

import keras
import numpy as np


def decode(probabilities, names, k):
    """One order for both: the positions of the highest probabilities are those of their names."""
    order = np.argsort(-probabilities)[:k]
    return [(names[i], probabilities[i]) for i in order]


def preprocess(pixels, mode):
    """astype makes a copy, so the photographs stay as they were."""
    x = pixels.astype("float32")
    if mode == "caffe":
        return x[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
    if mode == "tf":
        return x / 127.5 - 1
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], "float32")
    return (x / 255 - mean) / deviation


def to_keras(array):
    """Keras puts the places of the window first and what comes out last.

    A channelwise convolution has one kernel per channel; Keras names the channel before the 1.
    """
    if array.ndim == 4:
        return array.transpose((2, 3, 0, 1) if array.shape[1] == 1 else (2, 3, 1, 0))
    return array.T  # of a vector: the vector


def freeze_below(model, name):
    """The net's own switch first: while it is off, nothing trains, whatever its layers say."""
    model.trainable = True
    below = True
    for layer in model.layers:
        below = below and layer.name != name
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = not below and not is_norm


def stop_early(val_loss, patience):
    """NaN < best is False, so NaN never counts as an improvement."""
    best, best_epoch, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(val_loss, start=1):
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return best_epoch, epoch


def answer(model, photographs):
    """Three repairs: the channels stay RGB, the division is kept, and this is no training."""
    x = photographs.astype("float32")
    x -= 127
    x /= 128
    return model(x, training=False).numpy()
