"""shapes10: same images everywhere, balanced, independent of how many are asked for."""

import numpy as np
import pytest

from course_lib.data import shapes10


def draw(n=200, split="train", size=32, difficulty=0.5, seed=0):
    return shapes10.draw(n, split, size, difficulty, seed)


def thumbnails(images):
    """Mean grey levels of 4x4 blocks, (n, 8, 8), of 32x32 images."""
    return images.mean(axis=-1).reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4))


def grey_difference(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


# Written down once; every machine must come within one grey level of them.
LABELS = [6, 3, 8, 1, 4, 5, 9, 2, 7, 0]
MEANS = [108.1, 199.9, 178.3, 87.1, 71.9, 101.5, 103.8, 151.0, 91.6, 82.5]
THUMBNAILS = [
    [
        [56, 88, 50, 38, 76, 78, 36, 48],
        [84, 84, 55, 137, 186, 118, 34, 59],
        [104, 82, 112, 161, 193, 203, 38, 69],
        [85, 60, 157, 164, 193, 218, 93, 79],
        [77, 139, 210, 166, 189, 217, 151, 84],
        [69, 133, 210, 165, 190, 214, 151, 76],
        [47, 46, 160, 138, 94, 65, 88, 76],
        [36, 47, 84, 61, 34, 67, 100, 92],
    ],
    [
        [240, 239, 235, 238, 230, 244, 249, 238],
        [224, 229, 234, 218, 106, 230, 230, 225],
        [191, 219, 192, 130, 45, 171, 196, 198],
        [190, 186, 147, 95, 44, 106, 184, 182],
        [210, 198, 128, 119, 73, 79, 182, 199],
        [235, 236, 233, 233, 230, 226, 224, 223],
        [235, 239, 238, 238, 237, 241, 238, 239],
        [218, 216, 218, 221, 225, 225, 228, 227],
    ],
]


def test_shapes10_is_a_dataset():
    loaded = shapes10.load_shapes10(n_train=50, n_test=20, size=16)
    (x_train, y_train), (x_test, y_test) = loaded
    assert x_train is loaded.train[0] and y_test is loaded.test[1]
    assert (x_train.shape, x_test.shape) == ((50, 16, 16, 3), (20, 16, 16, 3))
    assert (y_train.shape, y_test.shape) == ((50,), (20,))
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert loaded.name == "shapes10" and loaded.class_names == shapes10.CLASS_NAMES
    assert repr(loaded) == "<Dataset shapes10: 50 + 20 images of 16x16, 10 classes>"


@pytest.mark.parametrize(
    "argument, value",
    [
        ("n_train", 0),
        ("n_train", 10.0),
        ("n_test", True),
        ("n_test", "10"),
        ("size", 7),
        ("seed", -1),
        ("seed", None),
        ("difficulty", 1.01),
        ("difficulty", -0.1),
        ("difficulty", float("nan")),
    ],
)
def test_shapes10_refuses_what_is_out_of_range(argument, value):
    arguments = {"n_train": 10, "n_test": 10, argument: value}
    with pytest.raises(ValueError, match=rf"^{argument} must be .*, got '?{value}'?; "):
        shapes10.load_shapes10(**arguments)


def test_images_are_the_stored_ones():
    images, labels = draw(10)
    assert labels.tolist() == LABELS
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), MEANS, atol=1)
    np.testing.assert_allclose(thumbnails(images[:2]), THUMBNAILS, atol=1.5)  # stored rounded


def test_same_seed_same_bytes_other_seed_other_images():
    images, labels = draw()
    again, labels_again = draw()
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, labels_again)
    other, _ = draw(seed=1)
    assert (images != other).mean() > 0.9


@pytest.mark.parametrize("size", [32, 9])  # 9: an odd number of random numbers an image
def test_image_does_not_depend_on_how_many_are_drawn_or_at_a_time(monkeypatch, size):
    images, labels = draw(100, size=size)
    for n in (1, 15, 16, 17, 99):
        fewer, fewer_labels = draw(n, size=size)
        np.testing.assert_array_equal(fewer, images[:n])
        np.testing.assert_array_equal(fewer_labels, labels[:n])
    monkeypatch.setattr(shapes10, "CHUNK", 7)
    assert grey_difference(draw(100, size=size)[0], images) <= 1


@pytest.mark.parametrize("difficulty", [0, 0.5, 1])
def test_last_bits_of_the_arithmetic_move_a_pixel_by_one_level_at_most(monkeypatch, difficulty):
    """Imitates processors that round sines and roots otherwise, by far larger errors."""
    images, labels = draw(difficulty=difficulty)
    rng = np.random.default_rng(7)

    def shaken(function):
        def inner(*args):
            out = function(*args)
            out = np.stack(out) if isinstance(out, tuple) else out
            return out + 1e-12 * rng.uniform(-1, 1, out.shape)

        return inner

    for name in ("_wave", "_turn", "_length", "_cover", "_distance", "_paint"):
        monkeypatch.setattr(shapes10, name, shaken(getattr(shapes10, name)))
    other, other_labels = draw(difficulty=difficulty)
    np.testing.assert_array_equal(labels, other_labels)
    assert grey_difference(images, other) <= 1


def test_every_prefix_is_balanced_and_order_is_shuffled():
    _, labels = draw(1000, size=8)
    for n in (1, 5, 10, 37, 1000):
        counts = np.bincount(labels[:n], minlength=10)
        assert counts.max() - counts.min() <= 1
    rounds = labels.reshape(-1, 10)
    assert len(np.unique(rounds, axis=0)) > 90
    assert len(np.unique(rounds[:, 0])) == 10


def test_train_and_test_share_no_image():
    train, _ = draw(500, "train", size=8, difficulty=0)
    test, _ = draw(500, "test", size=8, difficulty=0)
    rows = np.concatenate([train, test]).reshape(1000, -1)
    assert len(np.unique(rows, axis=0)) == 1000


def test_difficulty_lowers_contrast_and_adds_noise():
    def contrast_and_noise(difficulty):
        images, _ = draw(300, difficulty=difficulty)
        # Red minus green: the stripes are grey and drop out; the median leaves out edges.
        noise = np.median(np.abs(np.diff(images[..., 0] - images[..., 1].astype(float), axis=2)))
        blocks = thumbnails(images).std(axis=(1, 2)).mean()
        return blocks, noise

    steps = [contrast_and_noise(d) for d in (0, 0.25, 0.5, 0.75, 1)]
    contrasts, noises = zip(*steps, strict=True)
    assert list(contrasts) == sorted(contrasts, reverse=True)
    assert list(noises) == sorted(noises) and noises[-1] > 4 * noises[0]


GRID = (np.arange(200) + 0.5) / 100 - 1
AREAS = {  # by plain geometry, as shares of the square from -1 to 1
    "circle": np.pi * 0.85**2 / 4,
    "ring": np.pi * (0.9**2 - 0.5**2) / 4,
    "square": 0.72**2,
    "triangle": 3 * 3**0.5 * 0.5**2 / 4,
    "cross": 0.28 * (2 * 0.9 - 0.28),
    "heart": (2 + np.pi / 2) * 0.75**2 / 4,
}


@pytest.mark.parametrize("name", shapes10.CLASS_NAMES)
def test_shape_fills_its_place_and_has_the_slope_of_a_distance(name):
    x, y = np.meshgrid(GRID, GRID)
    distance = shapes10._distance(name, x[None], y[None])[0]
    inside = distance < 0
    assert 0.1 < inside.mean() < 0.65
    assert not inside[[0, -1]].any() and not inside[:, [0, -1]].any()
    if name in AREAS:
        assert inside.mean() == pytest.approx(AREAS[name], abs=0.01)
    # Along the outline the distance grows by one per unit of length, so edges are one pixel wide.
    slope = np.hypot(*np.gradient(distance, 0.01))[np.abs(distance) < 0.02]
    assert np.median(slope) == pytest.approx(1, abs=0.05)


def test_star_against_its_corners():
    """The five tips and five notches of a pentagram lie on the outline."""
    tip, notch = 0.3 / np.cos(0.4 * np.pi), 0.3 / np.cos(0.2 * np.pi)
    turns = np.pi * (0.5 + 0.4 * np.arange(5))
    for radius, angles in ((tip, turns), (notch, turns + 0.2 * np.pi)):
        distance = shapes10._distance("star", radius * np.cos(angles), radius * np.sin(angles))
        np.testing.assert_allclose(distance, 0, atol=1e-12)


def test_all_classes_look_different():
    """Upright, in the middle, each pair of shapes differs in many pixels."""
    x, y = np.meshgrid(GRID, GRID)
    masks = [shapes10._distance(name, x[None], y[None])[0] < 0 for name in shapes10.CLASS_NAMES]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert (one != other).mean() > 0.05


def test_shapes_point_up_at_their_first_angle():
    x, y = np.zeros((1, 1)), np.array([[0.7]])
    assert shapes10._distance("arrow", x, y) < 0 and shapes10._distance("triangle", x, y) < 0
    assert shapes10._distance("triangle", x + 0.6, -y + 0.3) < 0


@pytest.mark.parametrize(("split", "seed"), [("train", 0), ("test", 3)])
def test_cover_lies_over_the_shapes_of_the_same_images(split, seed):
    """Without texture and clutter, shape and background differ by brightness alone."""
    covers = shapes10.cover(100, split, difficulty=0, seed=seed)
    images, _ = draw(100, split, difficulty=0, seed=seed)
    assert covers.shape == (100, 32, 32) and covers.min() == 0 and covers.max() == 1
    for image, cover in zip(images.mean(axis=-1), covers, strict=True):
        inside, outside = image[cover == 1], image[cover == 0]
        assert abs(inside.mean() - outside.mean()) > 100
        bright = image > (inside.mean() + outside.mean()) / 2
        assert (bright == (cover > 0.5))[(cover < 0.2) | (cover > 0.8)].mean() in (0, 1)


def test_cover_follows_the_pose_that_grows_with_difficulty():
    """At the usual difficulty noise and clutter blur the picture; the shape still stands out."""
    covers, (images, _) = shapes10.cover(200, "test"), draw(200, "test")
    contrast = [
        abs(image[cover == 1].mean() - image[cover == 0].mean())
        for image, cover in zip(images.mean(axis=-1), covers, strict=True)
    ]
    elsewhere = [
        abs(image[cover == 1].mean() - image[cover == 0].mean())
        for image, cover in zip(images.mean(axis=-1), covers[::-1], strict=True)
    ]
    assert np.median(contrast) > 2 * np.median(elsewhere)


def test_leaves_numpys_global_random_state_alone():
    state = np.random.get_state()[1].tolist()
    draw(3)
    assert np.random.get_state()[1].tolist() == state
