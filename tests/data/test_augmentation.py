import numpy as np
import pytest

from course_lib.data.augmentation import augment, turns

IMAGES = np.random.default_rng(0).random((200, 12, 10, 3), dtype=np.float32)
PADDED = np.pad(IMAGES, [(0, 0), (4, 4), (4, 4), (0, 0)])


def shifted(i, dy, dx):
    return PADDED[i, dy : dy + 12, dx : dx + 10]


def test_none_changes_nothing():
    for batch in (IMAGES, IMAGES[:, 0, 0]):  # images, or features (n, channels)
        np.testing.assert_array_equal(augment(batch, "none", (0, 1)), batch)


def test_flip_mirrors_about_half_of_the_images_left_to_right():
    result = augment(IMAGES, "flip", (0, 1)).numpy()
    kept = (result == IMAGES).all(axis=(1, 2, 3))
    mirrored = (result == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (kept | mirrored).all() and 60 < kept.sum() < 140


def test_crop_moves_by_every_offset_up_to_four_pixels():
    result = augment(IMAGES, "crop", (0, 1)).numpy()
    offsets = set()
    for i, image in enumerate(result):
        fits = [(y, x) for y in range(9) for x in range(9) if (image == shifted(i, y, x)).all()]
        assert len(fits) == 1
        offsets.add(fits[0])
    assert {y for y, _ in offsets} == {x for _, x in offsets} == set(range(9))


def test_crop_and_flip_does_both():
    result = augment(IMAGES, "crop+flip", (0, 1)).numpy()
    cropped = augment(IMAGES, "crop", (0, 1)).numpy()
    same = (result == cropped).all(axis=(1, 2, 3))
    mirrored = (result == cropped[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all() and same.any() and mirrored.any()


def test_shift_moves_by_up_to_two_pixels_and_mirrors_the_border():
    turned = np.arange(200) % 2 == 1
    result = augment(IMAGES, "shift+turns", (0, 1), turned).numpy()
    padded = np.pad(IMAGES, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    offsets = set()
    for i, image in enumerate(result):
        image = image[:, ::-1] if turned[i] else image
        windows = [(y, x, padded[i, y : y + 12, x : x + 10]) for y in range(5) for x in range(5)]
        fits = [(y, x) for y, x, window in windows if (image == window).all()]
        assert len(fits) == 1
        offsets.add(fits[0])
    assert len(offsets) == 25


def test_turns_show_both_sides_of_every_image_in_two_epochs():
    sides = np.array([turns(1000, seed=3, epoch=epoch) for epoch in range(4)])
    assert (sides[0] != sides[1]).all() and (sides[0] == sides[2]).all()
    assert (sides[1] == sides[3]).all() and 400 < sides[0].sum() < 600
    assert (sides[0] != turns(1000, seed=4, epoch=0).numpy()).any()


@pytest.mark.parametrize("kind", ["flip", "crop", "crop+flip"])
def test_the_seed_decides(kind):
    a, b, c = (augment(IMAGES, kind, seed).numpy() for seed in ((3, 1), (3, 1), (3, 2)))
    assert (a == b).all() and (a != c).any()
