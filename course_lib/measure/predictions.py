"""What a model answers, and how often it is right."""

import keras
import numpy as np
import tensorflow as tf


def probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """The model's first output (n, classes), float32, for images (n, height, width, channels).

    As `model.predict`, without the second that Keras takes to prepare it for each new model.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    >>> probabilities(model, np.zeros((1, 2), "float32")).tolist()
    [[0.5, 0.5]]
    """
    parts = range(0, len(images), 500)  # bounds the memory
    outputs = (model(images[i : i + 500], training=False) for i in parts)
    return np.concatenate([tf.nest.flatten(output)[0].numpy() for output in outputs])


def accuracy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images (n, height, width, channels) that the model gets right, from 0 to 1.

    Dropout and augmentation are off, so that train and test accuracy can be compared.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    >>> accuracy(model, np.eye(2, dtype="float32"), np.array([0, 0]))
    0.5
    """
    return float(np.mean(probabilities(model, images).argmax(axis=1) == labels))
