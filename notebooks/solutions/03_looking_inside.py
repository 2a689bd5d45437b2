"""Solutions of chapter 03, with their reasons."""

import numpy as np


def apparent_period(period, stride):
    """Whole stripes between two samples cannot be seen, so only the distance to the nearest counts.

    If a step seems to pass 0.2 of a stripe, a whole stripe takes 5 steps of `stride` pixels.
    """
    stripes_per_step = stride / period
    seen = abs(stripes_per_step - round(stripes_per_step))
    return stride / seen


def conv1x1(x, kernel, bias):
    """`@` multiplies the last axis of x, the channels, whatever stands before it."""
    return x @ kernel[0, 0] + bias


# A: no 1×1 convolution follows the others. C: the last map has another number of channels than
# there are classes. D: no softmax stands at the end.
# Not B: the last row is a global average pooling. Not E: there are three pooling layers between the
# convolutions. Not F: the last convolution's activation is relu.
missing_parts = {"A", "C", "D"}


def occlusion_map(score, image, size):
    """A square can start at 0 to side - size: that is side - size + 1 places along each axis.

    Each place needs a fresh copy. Zeros written into `image` would stay there, and add up.
    """
    height, width = image.shape
    result = np.zeros((height - size + 1, width - size + 1))
    for row in range(height - size + 1):
        for column in range(width - size + 1):
            hidden = image.copy()
            hidden[row : row + size, column : column + size] = 0
            result[row, column] = score(hidden)
    return result


def class_map(maps, weights, label):
    """The score is the mean over the places of this very sum; without the mean, it is a map."""
    return maps @ weights[:, label]
