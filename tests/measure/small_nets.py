"""Small nets whose answer is known, for the tests of this room."""

import keras
import numpy as np
from keras import layers

from course_lib.models.layers import FusedBatchNormalization

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(6, 8, 8, 3)).astype("float32")
LABELS = np.array([0, 1, 2, 3, 1, 2], dtype="uint8")
AUX = 0.3


def residual_net(heads=2, dropout=0.0, dtype=None):
    """Everything the course's nets have: normalisation, a skip, dropout, an auxiliary head."""
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(3, 1, use_bias=False, name="conv1", dtype=dtype)(image)
    x = FusedBatchNormalization(name="bn1", dtype=dtype)(x)
    x = layers.Activation("tanh", dtype=dtype)(x)  # smooth, for finite differences
    y = layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv2", dtype=dtype)(x)
    y = layers.Conv2D(3, 3, padding="same", name="conv3", dtype=dtype)(y)
    y = layers.Add(name="add", dtype=dtype)([x, y])
    z = layers.GlobalAveragePooling2D(name="global_pool", dtype=dtype)(y)
    z = layers.Dropout(dropout, seed=3, dtype=dtype)(z)
    z = layers.Dense(4, activation="softmax", dtype="float32", name="probabilities")(z)
    aux = layers.GlobalAveragePooling2D(name="aux_pool", dtype=dtype)(x)
    aux = layers.Dense(4, activation="softmax", dtype="float32", name="aux1")(aux)
    return keras.Model(image, [z, aux] if heads == 2 else z)


def nin():
    keras.utils.set_random_seed(2)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, strides=2, activation="relu", name="conv1"),
            layers.GlobalAveragePooling2D(name="global_pool"),
            layers.Softmax(name="probabilities"),
        ]
    )


def linear(weights, bias=None, shape=(8, 8, 3)):
    """Flatten, one dense layer, softmax."""
    model = keras.Sequential(
        [
            keras.Input(shape),
            layers.Flatten(),
            layers.Dense(weights.shape[1], activation="softmax", name="probabilities"),
        ]
    )
    model.set_weights([weights, np.zeros(weights.shape[1]) if bias is None else bias])
    return model


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sequential(shape, *stack):
    return keras.Sequential([keras.Input(shape), *stack])


def conv(size, **options):
    return layers.Conv2D(2, size, **{"padding": "same", **options})


def inception(x):
    x = layers.MaxPooling2D(2)(x)
    branches = [conv(1)(x), conv(3)(conv(1)(x)), conv(5)(conv(1)(x))]
    branches.append(conv(1)(layers.MaxPooling2D(3, 1, padding="same")(x)))
    return conv(3)(layers.Concatenate()(branches))
