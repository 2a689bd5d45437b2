"""The course's own data set: ten kinds of shape, drawn by NumPy from a seed.

Each shape is a signed distance function: negative inside, zero on the outline, positive outside.

A seed gives the same bytes on one machine, and the same images to within one grey level on any
other: every choice uses the raw random numbers, computed values are only blended, and rounding
comes last.
"""

import numpy as np

from course_lib.data.dataset import Dataset, check_whole

_NAMES = "circle ring square triangle star cross heart crescent arrow hourglass"
CLASS_NAMES = tuple(_NAMES.split())
PIECES = 4  # short strokes of clutter in an image
CHUNK = 16  # images drawn at a time: their arrays stay in the processor's cache


def load_shapes10(n_train=6000, n_test=1000, size=32, difficulty=0.5, seed=0):
    """Draw shapes10, a `Dataset` of ten kinds of shape with texture, clutter and noise.

    A smaller set is the start of a larger one; training and test share no image.

    Each ten images hold every class once. `size` is height and width in pixels, at least 8;
    `difficulty` is from 0 (plain) to 1 (hard): texture, clutter, contrast, noise and pose together.
    Other numbers raise ValueError.

    >>> load_shapes10(n_train=30, n_test=10, size=16)
    <Dataset shapes10: 30 + 10 images of 16x16, 10 classes>
    """
    check_whole("n_train", n_train, 1)
    check_whole("n_test", n_test, 1)
    check_whole("size", size, 8)
    check_whole("seed", seed, 0)
    if not 0 <= difficulty <= 1:  # false for NaN too
        raise ValueError(f"difficulty must be from 0 to 1, got {difficulty}; 0.5 is the usual one")
    train = draw(n_train, "train", size, difficulty, seed)
    test = draw(n_test, "test", size, difficulty, seed)
    return Dataset(train, test, "shapes10", CLASS_NAMES)


def draw(n, split, size, difficulty, seed):
    """The first `n` images of a split, "train" or "test", and their labels; see `load_shapes10`."""
    order, pose, look, noise = _streams(split, seed)
    labels = _labels(order, n)
    looks = 1 + 6 + 6 + 8 * PIECES  # which is brighter, two colours, two textures, clutter
    images = np.empty((n, size, size, 3), np.uint8)
    for start in range(0, n, CHUNK):
        part = labels[start : start + CHUNK]
        u_pose, u_look = pose.random((len(part), 4)), look.random((len(part), looks))
        u_noise = noise.random((len(part), 3, size, size), np.float32)
        canvas = _paint(part, u_pose, u_look, u_noise, difficulty).clip(0, 1)
        images[start : start + CHUNK] = np.rint(canvas * 255).transpose(0, 2, 3, 1)
    return images, labels.astype(np.uint8)


def cover(n, split, size=32, difficulty=0.5, seed=0):
    """The share of each pixel that the shape of `draw` covers: float64 (n, size, size), 0 to 1.

    >>> covers = cover(20, "test")
    >>> covers.shape, bool((covers.mean(axis=(1, 2)) > 0.05).all())
    ((20, 32, 32), True)
    """
    order, pose, *_ = _streams(split, seed)
    y, x = _rows_and_columns(size)
    return _shape_cover(x, y, _labels(order, n), pose.random((n, 4)), difficulty)


def _streams(split, seed):
    """Random numbers for order, pose, look and noise, image by image: the same for every n."""
    streams = np.random.SeedSequence([seed, ("train", "test").index(split)]).spawn(4)
    return [np.random.Generator(np.random.PCG64(s)) for s in streams]


def _labels(order, n):
    """Each ten images hold every class once, in random order."""
    return order.random((-(-n // 10), 10)).argsort(axis=1).ravel()[:n]


def _rows_and_columns(size):
    """A column and a row of coordinates from -1 to 1; y points up."""
    x = (np.arange(size) + 0.5) * 2 / size - 1
    return -x[:, None], x


def _paint(labels, pose, look, noise, hard):
    """Turn random numbers from 0 to 1 into images, float64 (n, 3, size, size), layer by layer."""
    n, size = len(labels), noise.shape[-1]
    y, x = _rows_and_columns(size)

    # Shape and background differ in brightness by `contrast`; either may be the brighter.
    contrast = (0.8 - 0.55 * hard) * np.where(look[:, :1] < 0.5, -1.0, 1.0)
    tints = 0.35 * (look[:, 1:7].reshape(n, 2, 3) - 0.5)
    background = 0.5 - contrast / 2 + tints[:, 0]
    ink = 0.5 + contrast / 2 + tints[:, 1]

    # Both have a texture of stripes, and the shape is laid over the background.
    waves = 0.25 * hard * _wave(x, y, look[:, 7:13].reshape(n, 2, 3))
    canvas = background[:, :, None, None] + waves[:, :1]
    filled = ink[:, :, None, None] + waves[:, 1:]
    canvas += _shape_cover(x, y, labels, pose, hard)[:, None] * (filled - canvas)

    # Clutter and noise are added to whatever is there.
    pieces = look[:, 13:].reshape(n, PIECES, 8)
    tint = hard * (1.6 * pieces[:, :, 5:] - 0.8)
    cover = _piece_cover(x, y, pieces).reshape(n, PIECES, -1)
    canvas += (tint.transpose(0, 2, 1) @ cover).reshape(canvas.shape)
    canvas += (0.05 + 0.35 * hard) * (noise - 0.5)
    return canvas


def _wave(x, y, u):
    """Stripes between -1 and 1, of random direction, spacing and phase."""
    angle, rate, phase = np.moveaxis(u, -1, 0)[..., None, None]
    angle, rate, phase = 2 * np.pi * angle, 4 + 10 * rate, 2 * np.pi * phase
    a, b = rate * np.cos(angle) * x + phase, rate * np.sin(angle) * y
    # sin(a + b), computed from one row and one column.
    return np.sin(a) * np.cos(b) + np.cos(a) * np.sin(b)


def _turn(dx, dy, angle):
    """Coordinates in a frame turned by `angle`."""
    cos, sin = np.cos(angle), np.sin(angle)
    return dx * cos + dy * sin, dy * cos - dx * sin


def _length(x, y):
    # Several times faster than np.hypot, which guards against an overflow impossible here.
    return np.sqrt(x * x + y * y)


def _cover(distance, size):
    """Share of each pixel inside an outline: half at distance 0, where a pixel is 2 / size wide."""
    return np.clip(0.5 - distance * (size / 2), 0, 1)


def _piece_cover(x, y, u):
    """Cover of short rounded strokes."""
    u_x, u_y, angle, half, thick = np.moveaxis(u[..., :5], -1, 0)[..., None, None]
    along, across = _turn(x - (2 * u_x - 1), y - (2 * u_y - 1), np.pi * angle)
    along = np.maximum(np.abs(along) - 0.3 * half, 0)
    return _cover(_length(along, across) - (0.05 + 0.1 * thick), len(x))


def _shape_cover(x, y, labels, pose, hard):
    """Cover of each image's shape, turned, scaled and moved."""
    angle, scale, u_x, u_y = pose.T[..., None, None]
    free = min(1, 2 * hard)  # from difficulty 0.5 on, the pose varies fully
    angle = (0.1 + 0.9 * free) * np.pi * (2 * angle - 1)
    scale = 0.9 - (0.1 + 0.2 * free) * scale
    reach = 0.1 + 0.27 * free
    dx = (x - reach * (2 * u_x - 1)) / scale
    dy = (y - reach * (2 * u_y - 1)) / scale
    dx, dy = _turn(dx, dy, angle)
    distance = np.empty_like(dx)
    for label in np.unique(labels):
        own = labels == label
        distance[own] = _distance(CLASS_NAMES[label], dx[own], dy[own])
    return _cover(distance * scale, len(x))


def _distance(name, x, y):
    """Signed distance to the outline of the named shape, which fills most of -1 to 1.

    max(a, b) is the intersection of two shapes, min(a, b) their union, -a the outside of a. A
    straight edge is a * x + b * y - c, with a² + b² = 1.
    """
    wide, high = np.abs(x), np.abs(y)  # most shapes are symmetric
    match name:
        case "circle":
            return _length(x, y) - 0.85
        case "ring":
            return np.abs(_length(x, y) - 0.7) - 0.2
        case "square":
            return np.maximum(wide, high) - 0.72
        case "triangle":
            return np.maximum(0.75**0.5 * wide + 0.5 * y, -y) - 0.5
        case "star":
            # A point is inside the star if it is inside at least four of its five lines, so the
            # second largest of the five distances decides.
            largest = second = np.full_like(x, -np.inf)
            for angle in np.pi * (0.5 + 0.4 * np.arange(5)):
                line = np.cos(angle) * x + np.sin(angle) * y - 0.3
                second = np.maximum(second, np.minimum(largest, line))
                largest = np.maximum(largest, line)
            return second
        case "cross":
            return np.maximum(np.maximum(wide, high) - 0.9, np.minimum(wide, high) - 0.28)
        case "heart":
            # A square on its corner, with a half-circle on each of its two upper sides.
            y, half = y + 0.15, 0.75 * 0.5**0.5
            square = (wide + np.abs(y)) * 0.5**0.5 - half
            return np.minimum(square, _length(wide - 0.375, y - 0.375) - half)
        case "crescent":
            return np.maximum(_length(x, y) - 0.9, 0.75 - _length(x - 0.45, y))
        case "arrow":
            head = np.maximum((wide + y - 0.9) * 0.5**0.5, 0.1 - y)
            return np.minimum(head, np.maximum(wide - 0.22, np.abs(y + 0.35) - 0.55))
        case "hourglass":
            return np.maximum((wide - 0.85 * high - 0.08) * 0.76, high - 0.85)
