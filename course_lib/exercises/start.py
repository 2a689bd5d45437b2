"""Checks of chapter 00, Start here."""

import math

import numpy as np

from course_lib.exercises.check import Check, integers
from course_lib.exercises.progress import progress as progress

_RNG = np.random.default_rng(0)

accuracy = Check(
    "0.1 accuracy",
    lambda labels, predictions: float(np.mean(labels == predictions)),
    "This number stands behind every accuracy in this course",
    cases=[
        (np.array([3, 1, 2, 0]), np.array([3, 1, 0, 0])),
        (np.array([1, 1, 1]), np.array([0, 2, 2])),
        (np.array([5, 7]), np.array([5, 7])),
        *[tuple(_RNG.integers(0, 4, size=(2, n))) for n in (1, 7, 7, 12, 30)],
    ],
    mistakes=[
        lambda a, b: int(np.sum(a == b)),
        "That is how many are right; accuracy is their share of all images",
        lambda a, b: float(np.mean(a != b)),
        "That is the share of wrong ones, the error; accuracy is 1 minus it",
        lambda a, b: a == b,
        "That is one True or False for each image; how large is their share?",
        lambda a, b: 100 * float(np.mean(a == b)),
        "That is in percent; the course keeps accuracies as fractions from 0 to 1",
        lambda a, b: float(np.isin(a, b).mean()),
        "A label may turn up for another image: compare it with its own image's prediction",
        lambda a, b: len(set(a) & set(b)) / len(a),
        "A set forgets which image is which; compare image by image",
        lambda a, b: float(np.all(a == b)),
        "That asks whether all are right; count how many are",
    ],
)

dense_parameters = Check(
    "0.2 dense_parameters",
    32 * 32 * 3 * 10 + 10,
    "3,072 numbers in, 10 out: a weight for each pair and a bias for each output",
    mistakes=[
        32 * 32 * 3 * 10,
        "The weights are all there; each output has a bias too",
        32 * 32 * 10 + 10,
        "A pixel in colour is more than one number",
        32 * 32 * 10,
        "A pixel in colour is more than one number, and there are biases too",
        32 * 32 * 3 * 10 + 32 * 32 * 3,
        "There is a bias for each output, not for each input",
        32 * 32 * 3 * 10 + 1,
        "There is a bias for each output, not one for all",
        32 * 32 * 3,
        "Those are the numbers of the picture, the inputs; how many weights is that?",
        32 * 32 * 3 + 10,
        "Inputs and outputs are not added: each pair has a weight",
    ],
)

steps_per_epoch = Check(
    "0.3 steps_per_epoch",
    lambda images, batch_size: math.ceil(images / batch_size),
    "The last batch of an epoch may be smaller, but it counts",
    cases=[
        *[(100, 10), (105, 10), (6000, 128), (5, 128), (129, 128), (128, 128), (1025, 1024)],
        *integers(0, (1, 60000), (1, 300)),
    ],
    mistakes=[
        lambda n, b: n // b,
        "The images left over at the end make one more, smaller step",
        lambda n, b: n // b + 1,
        "When the images fill the batches exactly, nothing is left over",
        lambda n, b: n / b,
        "A step is whole: round up",
        lambda n, b: round(n / b),
        "Round up, always: a few images left over need a step, too",
        lambda n, b: b,
        "That is the size of one step",
        lambda n, b: n % b,
        "That is how many images the last, smaller step has",
        lambda n, b: int(n / b + 0.99),
        "One image left over in a batch of 128 is less than 0.01 of a step, and needs one",
    ],
)
