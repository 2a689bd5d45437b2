"""Checks of chapter 00."""

import math

import numpy as np

from course_lib.exercises.check import Check, Misconception

accuracy = Check(
    "0.1 accuracy",
    lambda labels, predictions: float(np.mean(labels == predictions)),
    "This number stands behind every accuracy in this course",
    names=("labels", "predictions"),
    cases=[
        (np.array([3, 1, 2, 0]), np.array([3, 1, 0, 0])),
        (np.array([1, 1, 1]), np.array([0, 2, 2])),
        (np.array([5, 7]), np.array([5, 7])),
    ],
    misconceptions=[
        Misconception(
            lambda labels, predictions: int(np.sum(labels == predictions)),
            "That is how many are right; accuracy is their share, so divide by the number of "
            "images",
        ),
        Misconception(
            lambda labels, predictions: float(np.mean(labels != predictions)),
            "That is the share of wrong ones, the error; accuracy is 1 minus it",
        ),
        Misconception(
            lambda labels, predictions: labels == predictions,
            "That is one True or False for each image; take the mean of them",
        ),
        Misconception(
            lambda labels, predictions: 100 * float(np.mean(labels == predictions)),
            "That is in percent; the course keeps accuracies as fractions from 0 to 1",
        ),
    ],
)

dense_parameters = Check(
    "0.2 dense_parameters",
    32 * 32 * 3 * 10 + 10,
    "3,072 numbers in, 10 out: a weight for each pair and a bias for each output",
    misconceptions=[
        Misconception(32 * 32 * 3 * 10, "The weights are all there; each output has a bias too"),
        Misconception(
            32 * 32 * 10 + 10, "A colour image has three numbers a pixel: 32·32·3 inputs"
        ),
        Misconception(
            32 * 32 * 10, "A colour image has three numbers a pixel, and there are biases too"
        ),
        Misconception(
            32 * 32 * 3 * 10 + 32 * 32 * 3, "There is a bias for each output, not for each input"
        ),
        Misconception(32 * 32 * 3 * 10 + 1, "There is a bias for each output, not one for all"),
    ],
)

steps_per_epoch = Check(
    "0.3 steps_per_epoch",
    lambda images, batch_size: math.ceil(images / batch_size),
    "The last batch of an epoch may be smaller, but it counts",
    names=("images", "batch_size"),
    cases=[(100, 10), (105, 10), (6000, 128), (5, 128)],
    misconceptions=[
        Misconception(
            lambda images, batch_size: images // batch_size,
            "The images left over at the end make one more, smaller step",
        ),
        Misconception(
            lambda images, batch_size: images // batch_size + 1,
            "When the images fill the batches exactly, there is no further step",
        ),
        Misconception(
            lambda images, batch_size: images / batch_size,
            "A step is whole: round up",
        ),
        Misconception(lambda images, batch_size: batch_size, "That is the size of one step"),
    ],
)
