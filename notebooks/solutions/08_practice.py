"""Solutions of chapter 08, with their reasons."""

import math

import numpy as np


def turned(first, epoch):
    """`!=` with True turns every image over; with False it leaves them as they were."""
    return first != (epoch % 2 == 1)


def smoothed(labels, classes, share):
    """A row of the unit matrix is a target without smoothing: it keeps 1 - share of itself."""
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


def seeds_needed(spread, difference):
    """difference ≥ 2·spread·√(2/n), squared and solved for n, is n ≥ 8·(spread / difference)²."""
    return max(2, math.ceil(8 * (spread / difference) ** 2))


def sent(numbers, workers):
    """In each of the two rounds a part starts at one worker and visits all others."""
    return 2 * (workers - 1) * (numbers // workers) * 4
