"""Solutions of chapter 08, with their reasons."""

import math

import keras
import numpy as np


def turned(first, epoch):
    """Two turns are none, so it only counts whether the epoch is odd.

    `!=` with True turns every image over; with False it leaves them as they were. So each image
    shows both sides in any two epochs, and none is forgotten by chance.
    """
    return first != (epoch % 2 == 1)


def smoothed(labels, classes, share):
    """A row of the unit matrix is a target without smoothing: it keeps 1 - share of itself.

    What was taken away comes back in equal parts, to the true class, too. So each row still adds up
    to 1, as probabilities do.
    """
    return (1 - share) * np.eye(classes)[labels] + share / classes


def newton_schulz(x, steps):
    """Each step takes every singular value s to a s + b s³ + c s⁵, and keeps the directions.

    The three numbers are made for values from 0 to 1, and the division sees to that.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = x / np.linalg.norm(x)
    for _ in range(steps):
        square = x.T @ x
        x = a * x + x @ (b * square + c * square @ square)
    return x


def to_bfloat16(x):
    """0x7FFF is just less than half a step, so more than a half carries into the upper half.

    A tie lacks 1 for that, and gets it only if the upper half is odd.
    """
    bits = x.view(np.uint32)
    odd = bits >> 16 & 1
    return ((bits + 0x7FFF + odd) & 0xFFFF0000).view(np.float32)


def seeds_needed(spread, other, difference):
    """The variances of the two means add up: (spread² + other²) / n is that of their difference.

    difference ≥ 2 · √((spread² + other²) / n), squared and solved for n, is the condition below.
    Rounding up finds the first n that meets it; the next lower one does not.
    """
    return max(2, math.ceil(4 * (spread**2 + other**2) / difference**2))


def sent(numbers, workers):
    """In each of the two rounds a part starts at one worker and visits all others.

    That takes workers - 1 steps, and in each step a worker sends one part, of numbers / workers
    float32 of 4 bytes. With more workers the parts get smaller as the steps get more.
    """
    return 2 * (workers - 1) * (numbers // workers) * 4


def all_reduce(workers):
    """Halve and exchange with partners at half the distance each time, then play it backwards.

    Eight steps in place of 30, and no more parts than the ring sends: 8 + 4 + 2 + 1, twice. The
    ring asks only for a neighbour's cable; these partners are far away, which a model without
    distances does not see.
    """
    kept = [list(range(workers)) for _ in range(workers)]
    first, distance = [], workers // 2
    while distance:
        step = []
        for worker in range(workers):
            given = [part for part in kept[worker] if part & distance != worker & distance]
            step.append((worker, worker ^ distance, given))
            kept[worker] = [part for part in kept[worker] if part not in given]
        first.append(step)
        distance //= 2
    back = [[(receiver, sender, parts) for sender, receiver, parts in step] for step in first]
    return first + back[::-1]


def large_step(weights, gradients, counts, rate, base):
    """A sum of means is as many times too long as there are workers, and the rate grew, too.

    The batch's gradient is the mean over its *pictures*, so a worker counts by its pictures.
    """
    whole = sum(count * gradient for count, gradient in zip(counts, gradients, strict=True))
    mean = whole / sum(counts)
    return weights - rate * sum(counts) / base * mean


def weighed(x, ratio):
    """A convolution sees a window; these weights see the whole map, for few numbers.

    The shortcut is not weighed, so x comes through as it is. A sigmoid lets each channel be loud
    or quiet on its own.
    """
    layers, channels = keras.layers, x.shape[-1]
    y = layers.Conv2D(2 * channels, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    weights = layers.GlobalAveragePooling2D(keepdims=True)(y)
    weights = layers.Dense(channels // ratio, activation="relu")(weights)
    weights = layers.Dense(channels, activation="sigmoid")(weights)
    return layers.ReLU()(x + y * weights)
