import keras
import numpy as np
import pytest

from course_lib.measure import metrics
from course_lib.measure.metrics import accuracy, probabilities, top_k_error

CLASSES = 10


def keras_top_k(labels, scores, k):
    hits = keras.metrics.sparse_top_k_categorical_accuracy(labels, scores, k=k)
    return float(np.mean(keras.ops.convert_to_numpy(hits)))


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(200, CLASSES)).astype("float32")
    return rng.integers(0, CLASSES, 200), scores


@pytest.mark.parametrize("k", range(1, CLASSES + 1))
def test_equals_keras_and_a_full_sort(batch, k):
    labels, scores = batch
    by_sorting = np.mean([label in np.argsort(row)[-k:] for label, row in zip(*batch, strict=True)])
    assert top_k_error(labels, scores, k) == pytest.approx(1 - by_sorting)
    assert top_k_error(labels, scores, k) == pytest.approx(1 - keras_top_k(labels, scores, k))


def test_default_is_top_5(batch):
    assert top_k_error(*batch) == top_k_error(*batch, k=5) != top_k_error(*batch, k=4)


@pytest.mark.parametrize("k", range(1, CLASSES + 1))
def test_ties_go_to_the_lower_class_number(batch, k):
    labels, scores = batch
    tied = np.round(scores)
    by_sorting = np.argsort(-tied, axis=1, kind="stable")[:, :k]
    expected = 1 - np.mean((by_sorting == labels[:, None]).any(axis=1))
    assert top_k_error(labels, tied, k) == pytest.approx(expected)
    if k < CLASSES:  # Keras counts every class that ties with the k-th best
        assert top_k_error(labels, tied, k) > 1 - keras_top_k(labels, tied, k)


def test_with_ties_top_1_is_keras_accuracy(batch):
    import keras

    labels, scores = batch
    tied = np.round(scores)
    right = np.mean(keras.metrics.sparse_categorical_accuracy(labels, tied))
    assert top_k_error(labels, tied, k=1) == pytest.approx(1 - right)


def test_a_net_without_an_opinion_is_right_by_chance():
    labels, scores = np.arange(CLASSES), np.zeros((CLASSES, CLASSES), "float32")
    assert top_k_error(labels, scores, k=3) == 0.7
    assert keras_top_k(labels, scores, 3) == 1.0


def test_infinite_scores_are_ranked_and_keras_takes_them_for_wrong():
    scores = np.array([[-np.inf, 1, 2], [np.inf, 1, 2]], "float32")
    assert top_k_error([1, 2], scores, k=2) == 0.0
    assert keras_top_k(np.array([1, 2]), scores, 2) == 0.0


@pytest.mark.parametrize("dtype", ["uint8", "int64", "uint64"])
@pytest.mark.parametrize("score_dtype", ["float16", "float64", "int32"])
def test_dtypes(dtype, score_dtype):
    labels, scores = np.array([0, 2], dtype), np.array([[3, 2, 1], [3, 2, 1]], score_dtype)
    result = top_k_error(labels, scores, k=np.int64(1))
    assert result == 0.5 and type(result) is float


def test_arguments_stay_as_they_are(batch):
    labels, scores = batch
    before = labels.copy(), scores.copy()
    top_k_error(labels, scores, 3)
    assert np.array_equal(labels, before[0]) and np.array_equal(scores, before[1])


@pytest.mark.parametrize(
    ("labels", "scores", "k", "message"),
    [
        ([[0], [1]], np.eye(2), 1, r"labels must have the shape \(n,\).*\(2, 1\)"),
        (np.eye(2, dtype=int), np.eye(2), 1, "argmax"),
        ([0], np.eye(2), 1, "labels must have the shape"),
        ([0, 1], [0.1, 0.9], 1, "labels must have the shape"),
        (0, np.eye(2), 1, "labels must have the shape"),
        (np.zeros(0, int), np.zeros((0, 2)), 1, r"at least one.*\(0, 2\)"),
        (np.zeros(2, int), np.zeros((2, 0)), 1, "at least one"),
        ([0.0, 1.0], np.eye(2), 1, "labels must be integers from 0 to 1, got float64"),
        ([False, True], np.eye(2), 1, "labels must be integers from 0 to 1, got bool"),
        ([0, 1], np.eye(2), 0, r"number of classes \(2\), got 0"),
        ([0, 1], np.eye(2), 3, r"number of classes \(2\), got 3"),
        ([0, 2], np.eye(2), 1, "labels must be integers from 0 to 1.*from 0 to 2"),
        ([-1, 1], np.eye(2), 1, "labels must be integers from 0 to 1.*from -1 to 1"),
        ([0, 1], [[1, np.nan], [0, 1]], 1, "scores must not be NaN, got 1 such row"),
    ],
)
def test_wrong_input(labels, scores, k, message):
    with pytest.raises(ValueError, match=message):
        top_k_error(labels, scores, k)


@pytest.fixture
def net():
    """The number of the largest of three pixels; a second head says the opposite."""
    import keras

    image = keras.Input((3,))
    heads = [keras.layers.Softmax()(image), keras.layers.Softmax()(-image)]
    return keras.Model(image, heads)


def test_probabilities_of_many_images_are_those_of_the_first_output(net):
    images = np.random.default_rng(0).normal(size=(1001, 3)).astype("float32")
    found = probabilities(net, images)
    powers = np.exp(images)
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)
    assert found.dtype == "float32"


def test_accuracy_is_the_share_of_right_answers(net):
    images = np.eye(3, dtype="float32")[[0, 1, 2, 2, 1]]
    labels = np.array([0, 1, 2, 0, 0], "uint8")
    assert accuracy(net, images, labels) == 0.6 and type(accuracy(net, images, labels)) is float


def test_accuracy_refuses_labels_that_are_not_one_number_an_image(net):
    images = np.eye(3, dtype="float32")
    with pytest.raises(ValueError, match=r"labels must have the shape .*argmax"):
        accuracy(net, images, np.eye(3))


@pytest.mark.parametrize("views", metrics.VIEWS)
def test_views_are_averaged_as_by_hand(views):
    """The net reads the top left pixel, so each view answers with another pixel of the image."""
    image = keras.Input((4, 4, 2))
    model = keras.Model(image, keras.layers.Softmax()(image[:, 0, 0]))
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
    corners = {
        "as they are": [(0, 0, 1.0)],
        "mirrored": [(0, 0, 0.5), (0, 3, 0.5)],
        # Moved up and left, the corner shows pixel (1, 1); moved down and right, too, since the
        # border is mirrored in. Of the other side, both corners show pixels (1, 2).
        "mirrored and shifted": [
            *((0, x, 0.25) for x in (0, 3)),
            *((1, x, 0.125) for x in (1, 2, 1, 2)),
        ],
    }[views]
    logs = 0
    for y, x, weight in corners:
        scores = images[:, y, x]
        logs = logs + weight * (scores - np.log(np.exp(scores).sum(1, keepdims=True)))
    np.testing.assert_allclose(
        metrics.log_probabilities(model, images, views), logs, rtol=1e-4, atol=1e-5
    )


def test_views_must_be_known():
    with pytest.raises(ValueError, match=r"views must be one of .* got 'ten crops'"):
        metrics.accuracy(None, np.zeros((1, 4, 4, 2)), [0], "ten crops")
