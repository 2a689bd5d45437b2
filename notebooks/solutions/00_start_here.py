"""Solutions of chapter 00."""

import math

import numpy as np


def accuracy(labels, predictions):
    return np.mean(labels == predictions)


dense_parameters = 32 * 32 * 3 * 10 + 10


def steps_per_epoch(images, batch_size):
    return math.ceil(images / batch_size)
