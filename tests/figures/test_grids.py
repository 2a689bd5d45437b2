"""Grids: every image, filter and map as it is, and what they refuse."""

import numpy as np
import pytest

from course_lib.figures import grids, style

IMAGES = np.arange(5 * 4 * 6 * 3, dtype=np.uint8).reshape(5, 4, 6, 3)


@pytest.mark.parametrize(
    "images",
    [IMAGES, IMAGES[..., 0], IMAGES[..., :1], IMAGES / 255, np.float32(IMAGES[..., 0]) / 255],
)
def test_image_grid_draws_every_image_with_crisp_pixels(images):
    (ax,) = grids.image_grid(images[[0, 1] * 5]).axes
    assert len(ax.images) == 10
    for shown, image in zip(ax.images, images[[0, 1] * 5], strict=True):
        np.testing.assert_array_equal(shown.get_array(), image.squeeze())
        assert shown.get_interpolation() == "nearest"
    lefts = [shown.get_extent()[0] for shown in ax.images]
    assert lefts[0] == lefts[8] < lefts[1] == lefts[9] < lefts[2]
    x0, x1, bottom, top = ax.images[0].get_extent()
    assert (x1 - x0) % 6 == 0 and (bottom - top) * 6 == (x1 - x0) * 4


def test_image_grid_pixels_reach_the_file(drawn):
    """Four grey levels, one pixel each: the drawing has big squares of exactly these levels."""
    image = np.array([[[0, 85], [170, 255]]], dtype=np.uint8)
    fig = grids.image_grid(image)
    pixels = np.asarray(drawn(fig).buffer_rgba())[..., 0]
    size = int(fig.axes[0].images[0].get_extent()[1] - fig.axes[0].images[0].get_extent()[0])
    for level in (0, 85, 170):
        assert (pixels == level).sum() == (size // 2) ** 2


def test_image_grid_titles_and_large_images():
    fig = grids.image_grid(np.zeros((2, 400, 400, 3)), titles=["cat", 7], title="Message")
    assert [text.get_text() for text in fig.axes[0].texts] == ["cat", "7", "Message"]
    assert fig.get_size_inches()[0] <= style.WIDTH


@pytest.mark.parametrize(
    ("images", "kwargs", "message"),
    [
        (IMAGES[0, 0], {}, "images must have the shape"),
        (np.zeros((2, 4, 4, 2)), {}, r"got \(2, 4, 4, 2\)"),
        (np.zeros((0, 4, 4, 3)), {}, "images must have the shape"),
        (IMAGES.astype(int), {}, "images must be uint8 or floats from 0 to 1, got int64"),
        (IMAGES.astype(float), {}, "got float64 from 0 to 255"),
        (IMAGES / 255 - 0.5, {}, "from 0 to 1, got float64 from -0.5 to 0.5"),
        (np.full((1, 2, 2), np.nan), {}, "got float64 from nan"),
        (IMAGES, {"titles": ["one"]}, r"one text per image \(5\), got 1"),
    ],
)
def test_image_grid_refuses(images, kwargs, message):
    with pytest.raises(ValueError, match=message):
        grids.image_grid(images, **kwargs)


def test_filter_grid_scales_each_filter_around_grey():
    kernels = np.random.default_rng(0).normal(size=(3, 3, 3, 4)) * [1, 10, 100, 0]
    images = [image.get_array() for image in grids.filter_grid(kernels).axes[0].images]
    for i in range(3):
        kernel = kernels[..., i]
        np.testing.assert_allclose((images[i] - 0.5) * 2 * np.abs(kernel).max(), kernel)
        assert np.abs(images[i] - 0.5).max() == pytest.approx(0.5)
    assert (images[3] == 0.5).all()


@pytest.mark.parametrize(
    ("kernels", "message"),
    [
        (np.zeros((3, 3, 64, 8)), r"got \(3, 3, 64, 8\)"),
        (np.zeros((3, 3, 3)), "kernels must have the shape"),
    ],
)
def test_filter_grid_refuses(kernels, message):
    with pytest.raises(ValueError, match=message):
        grids.filter_grid(kernels)


HEATS = [np.array([[0.1, 0.9], [0.5, 0.2]]), np.arange(16.0).reshape(4, 4) / 15]
MAPS = np.random.default_rng(0).normal(size=(4, 4, 5)) * [1, 10, 0, 5, 2]


def test_overlay_stretches_each_map_over_its_image_on_one_scale():
    fig = grids.overlay(IMAGES[:2], HEATS, "Probability", titles=["cat", 7], title="Message")
    *axes, bar = fig.axes
    assert [ax.get_title() for ax in axes] == ["cat", "7", "", ""]
    assert bar.get_ylabel() == "Probability" and bar.get_ylim() == (0, 1)
    for ax, image in zip(axes[:2], IMAGES, strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    for ax, image, heat in zip(axes[2:], IMAGES, HEATS, strict=False):
        grey, drawn_heat = ax.images
        np.testing.assert_array_equal(drawn_heat.get_array(), heat)
        assert drawn_heat.get_clim() == (0, 1) and drawn_heat.get_cmap().name == "viridis"
        assert list(drawn_heat.get_extent()) == list(grey.get_extent()) == [0, 6, 4, 0]
        assert np.corrcoef(grey.get_array().ravel(), image.mean(-1).ravel())[0, 1] > 0.999
        assert np.ptp(grey.get_array()) <= 0.4


@pytest.mark.parametrize("images", [IMAGES[:1, ..., 0], IMAGES[:1] / 255, IMAGES[:1, ..., :1]])
def test_overlay_takes_what_image_grid_takes_and_a_map_that_is_the_same_everywhere(images, drawn):
    fig = grids.overlay(images, [np.full((2, 2), 0.3)], "Evidence")
    drawn(fig)
    np.testing.assert_array_equal(fig.axes[0].images[0].get_array(), images[0].squeeze())


@pytest.mark.parametrize(
    ("images", "heats", "kwargs", "message"),
    [
        (IMAGES[:2].astype(float), HEATS, {}, "got float64 from 0 to 143"),
        (IMAGES[:2], HEATS, {"titles": ["one"]}, r"one text per image \(2\), got 1"),
    ],
)
def test_overlay_refuses(images, heats, kwargs, message):
    with pytest.raises(ValueError, match=message):
        grids.overlay(images, heats, "Evidence", **kwargs)


def test_feature_grid_draws_the_strongest_channels_each_from_black_to_white():
    (ax,) = grids.feature_grid(MAPS, count=4).axes
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["1", "3", "4", "0"]
    for shown, channel in zip(ax.images, (1, 3, 4, 0), strict=True):
        image, values = shown.get_array(), MAPS[..., channel]
        assert (image.min(), image.max()) == (0, 1)
        np.testing.assert_allclose(image * np.ptp(values) + values.min(), values)
    dead = grids.feature_grid(MAPS, count=9).axes[0].images
    assert len(dead) == 5 and (dead[-1].get_array() == 0).all()


def test_feature_grid_refuses_several_images():
    with pytest.raises(ValueError, match=r"got \(1, 4, 4, 5\); take those of one image"):
        grids.feature_grid(MAPS[None])
