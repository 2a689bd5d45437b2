"""The course's data sets, and how images are prepared. Loads no TensorFlow."""

from course_lib.data.catalogue import inventory, load
from course_lib.data.preparation import normalise
from course_lib.data.shapes10 import load_shapes10

__all__ = ["inventory", "load", "load_shapes10", "normalise"]
