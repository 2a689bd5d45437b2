"""What happens to images before a net sees them."""

import numpy as np

from course_lib.data.dataset import describe


def normalise(x_train, x_test):
    """Bring each colour channel to mean 0 and standard deviation 1 over the training images.

    Takes uint8 (n, height, width, channels) and returns float32; others raise ValueError. Test
    images use the training images' numbers.

    >>> rng = np.random.default_rng(0)
    >>> pixels = rng.integers(0, 256, (110, 8, 8, 3), np.uint8)
    >>> x_train, x_test = normalise(pixels[:100], pixels[100:])
    >>> x_train.dtype.name, bool(abs(x_train.mean()) < 1e-3), round(float(x_train.std()), 3)
    ('float32', True, 1.0)
    """
    for name, x in (("x_train", x_train), ("x_test", x_test)):
        if np.ndim(x) == 4 and x.dtype == np.float32 and x.size and x.min() < 0:
            raise ValueError(
                f"{name} must be pixels, uint8, got float32 with values below 0: these images are "
                "already normalised; run the cell that loads them again"
            )
        if np.ndim(x) != 4 or x.dtype != np.uint8 or x.shape[1:] != x_train.shape[1:]:
            raise ValueError(
                f"{name} must be uint8 (n, height, width, channels), the same size in both, got "
                f"{describe(x)}; pass the images as the loaders return them"
            )
    # First copy the three channel numbers across a whole image: NumPy is slow at inner loops of
    # length three.
    shape = x_train.shape[1:]
    mean = np.broadcast_to(x_train.mean(axis=0).mean(axis=(0, 1)), shape).astype(np.float32)
    x_train, x_test = x_train - mean, x_test - mean
    squares = np.einsum("nhwc,nhwc->hwc", x_train, x_train, dtype=np.float64) / len(x_train)
    std = np.broadcast_to(np.sqrt(squares.mean(axis=(0, 1))), shape).astype(np.float32)
    if not std.all():
        raise ValueError("x_train must vary in each channel, got one constant over all images")
    x_train /= std
    x_test /= std
    return x_train, x_test
