import keras
import numpy as np
import pytest

from course_lib.measure import tables
from course_lib.models import build_resnet_cifar
from tools.records import experiments


@pytest.mark.parametrize("name", experiments.FAMILIES)
def test_every_family_has_the_same_work(name):
    work = tables.totals(experiments.families().recipes()[name][0])["multiply_adds"]
    assert work == pytest.approx(20e6, rel=0.03)


def test_stripes_have_their_period_and_direction():
    images, labels = experiments.stripes(200, seed=3)
    assert images.shape == (200, 96, 96, 3) and images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [20] * 10
    grey = images.mean(axis=3) - images.mean(axis=(1, 2, 3))[:, None, None]
    spectrum = abs(np.fft.fft2(grey))[:, :49]
    spectrum[:, :8, :8] = spectrum[:, :8, -7:] = 0  # the disc itself
    peak = [np.unravel_index(s.argmax(), s.shape) for s in spectrum]
    across = np.array([(row, column - 96 if column > 48 else column) for row, column in peak])
    period = 96 / np.hypot(*across.T)
    np.testing.assert_allclose(period, 4 + labels // 2, rtol=0.12)
    steep = abs(across[:, 0]) > abs(across[:, 1])
    np.testing.assert_array_equal(steep, labels % 2 == 1)


def test_stripes_follow_from_the_seed():
    (first, _), (again, _), (other, _) = (experiments.stripes(10, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("shortcut", [None, "padding"])
def test_a_deleted_block_hands_its_input_on(shortcut, monkeypatch):
    """A net whose blocks are all deleted answers as its stem and ends alone."""
    model = build_resnet_cifar((8, 8, 3), 10, depth=38, width=0.25, shortcut=shortcut, seed=1)
    images = keras.random.normal((4, 8, 8, 3), seed=0).numpy()
    before, handed_on = model.get_weights(), []

    def accuracy(model, *test):
        block = blocks[len(handed_on)]
        start = model.get_layer(f"{block}_conv1").input
        end = model.get_layer(f"{block}_relu").output
        maps = keras.Model(model.input, [start, end])(images)
        handed_on.append(np.abs(maps[0] - maps[1]).max())
        return 0.5

    names = [layer.name for layer in model.layers if layer.name.endswith("_conv2")]
    blocks = sorted(name.removesuffix("_conv2") for name in names)
    blocks = [b for b in blocks if b not in ("stage2_block1", "stage3_block1")]
    monkeypatch.setattr(experiments.metrics, "accuracy", accuracy)
    found = experiments.without_blocks(model, (images, None))
    assert list(found) == blocks
    assert max(handed_on) < 1e-4
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_a_shallow_net_is_not_taken_apart():
    model = build_resnet_cifar((8, 8, 3), 10, depth=20, width=0.25)
    assert experiments.without_blocks(model, None) == {}


def test_top_5_counts_the_five_best_guesses():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Softmax()])
    scores = np.tile(np.arange(8.0, dtype="float32"), (4, 1))  # the best five are 3 to 7
    assert experiments.top_5(model, (scores, np.array([7, 3, 2, 0]))) == {"top-5": 0.5}


def test_few_pictures_are_the_first_ones():
    fewer, more = (experiments.few(n).load() for n in (50, 500))
    assert [len(pair[0]) for pair in (*fewer, *more)] == [50, 500, 500, 500]
    np.testing.assert_array_equal(fewer[0][0], more[0][0][:50])
    np.testing.assert_array_equal(fewer[0][1], more[0][1][:50])
    np.testing.assert_array_equal(fewer[1][0], more[1][0])


def test_the_parts_of_a_loss_add_up():
    """Keras's own loss is the cross-entropy and the penalty."""
    net = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "softmax", kernel_regularizer="l2")]
    )
    net.compile(loss="sparse_categorical_crossentropy")
    images, labels = np.random.default_rng(0).normal(size=(20, 3)).astype("f4"), np.arange(20) % 4
    parts = experiments.parts_of_the_loss(net, (images, labels))
    assert parts["L2 penalty"] == pytest.approx(0.01 * (net.get_weights()[0] ** 2).sum(), rel=1e-5)
    assert sum(parts.values()) == pytest.approx(net.evaluate(images, labels, verbose=0), rel=1e-5)


def test_choices_are_made_without_the_test_images(monkeypatch):
    numbers = np.arange(50_000)
    monkeypatch.setattr(experiments, "cifar10", lambda: ((numbers, numbers), None))
    (first, _), (last, labels) = experiments.kept_back()
    assert len(first) == 45_000 and np.array_equal(last, labels)
    assert np.array_equal(np.concatenate([first, last]), numbers)


def test_the_control_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(experiments.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OSError, match="needs PyTorch: install torch"):
        experiments.torch_control(None, 0)
