"""Small nets and images that the tests of this room train."""

import keras
import numpy as np

from course_lib.training import TrainingConfig

CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.1, seed=4)
COLUMNS = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]


def small_net(dropout=0.3):
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(2, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )


def net_with_head(dropout=0.3):
    """An auxiliary head, made before the output that comes first: of two outputs the second."""
    dense = keras.layers.Dense
    image = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    head = keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(x))
    head = dense(5, activation="relu", name="head_fc")(head)
    head = keras.layers.Dropout(dropout)(head)
    head = dense(2, activation="softmax", dtype="float32", name="head")(head)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv2")(x)
    x = keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))
    x = dense(2, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, [x, head])


def weights_equal(a, b, atol=0.0):
    return all(
        np.allclose(x, y, rtol=0, atol=atol)
        for x, y in zip(a.get_weights(), b.get_weights(), strict=True)
    )
