import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.models.fast import BeginsWithIdentity, build_fast, whitening

IMAGES = np.random.default_rng(0).normal(size=(200, 12, 12, 3)).astype("float32")
IMAGES = IMAGES + 2 * np.roll(IMAGES, 1, axis=2)  # neighbours are alike, as in photographs


def test_counts_are_those_of_the_published_net():
    """1.97 million (arXiv:2404.00498, section 3.1): counted here from its layers."""
    widths = ((24, 64), (64, 64), (64, 256), (256, 256), (256, 256), (256, 256))
    kernels = 9 * sum(a * b for a, b in widths) + 2 * 2 * 3 * 24 + 256 * 10
    normalisation = 3 * 2 * (64 + 256 + 256)  # bias, and the two collected statistics
    assert build_fast().count_params() == kernels + normalisation == 1_973_920


def test_whitened_patches_are_white():
    patches = tf.nn.conv2d(IMAGES, whitening(IMAGES), 1, "VALID").numpy().reshape(-1, 24)
    np.testing.assert_allclose(patches[:, :12], -patches[:, 12:], atol=1e-5)
    covariance = patches[:, :12].T @ patches[:, :12] / len(patches)
    np.testing.assert_allclose(covariance, np.eye(12), atol=5e-3)


def test_the_whitening_layer_is_made_from_images_and_stays():
    model = build_fast((12, 12, 3), 10, whiten=IMAGES)
    layer = model.get_layer("whiten")
    np.testing.assert_array_equal(layer.get_weights()[0], whitening(IMAGES))
    assert not layer.trainable and build_fast((12, 12, 3)).get_layer("whiten").trainable


@pytest.mark.parametrize("images", [IMAGES[0], IMAGES[:, :1], IMAGES.astype("uint8")])
def test_other_images_are_refused(images):
    with pytest.raises(ValueError, match=r"whiten must be normalised images.*got"):
        whitening(images)


def test_the_first_filters_pass_their_inputs_on():
    maps = tf.constant(IMAGES)
    for filters in (5, 2):
        kernel = BeginsWithIdentity(seed=1)((3, 3, 3, filters))
        passed = tf.nn.conv2d(maps, kernel, 1, "SAME").numpy()
        n = min(3, filters)
        np.testing.assert_allclose(passed[..., :n], IMAGES[..., :n], atol=1e-6)
    rest = BeginsWithIdentity(seed=1)((3, 3, 16, 64)).numpy()[..., 16:]
    assert abs(rest).max() <= 1 / 12 and rest.std() == pytest.approx(1 / 12 / 3**0.5, rel=0.05)


def test_every_size_gives_probabilities():
    model = build_fast((32, 32, 3), 10, width=0.25)
    step = tf.function(model, [tf.TensorSpec((None, None, None, 3))])
    for side in (24, 28, 32):
        np.testing.assert_allclose(
            tf.reduce_sum(step(keras.random.normal((2, side, side, 3), seed=0)), 1), 1, rtol=1e-5
        )
