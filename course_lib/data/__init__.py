"""The course's data sets, and how images are prepared. Loads no TensorFlow."""

from course_lib.data.cifar import (
    Dataset,
    load,
    load_cifar10,
    load_cifar100,
    load_shapes10,
    normalise,
)

__all__ = ["Dataset", "load", "load_cifar10", "load_cifar100", "load_shapes10", "normalise"]
