"""Small, readable tools for the course "CNN architectures, measured".

Importing the package loads no TensorFlow: each module loads what it needs.
"""

__version__ = "0.1.0"
