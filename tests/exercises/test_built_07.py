"""Chapter 07: nets that are right in other ways, and its challenge with naive rules and cheats."""

import keras
import numpy as np
import pytest
from test_checks import solution

from course_lib.exercises.pretrained import choose, fine_tuned, for_grey, labelling


def grey_layer_by_layer(base, classes):
    for layer in base.layers:
        layer.trainable = False
    x = image = keras.Input((base.input_shape[1], base.input_shape[2], 1))
    x = keras.layers.Concatenate(axis=-1)([x] * 3)
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128)(x)
    for layer in base.layers[1:-1]:
        x = layer(x)
    return keras.Model(image, keras.layers.Dense(classes, activation="softmax")(x))


def grey_in_a_row(base, classes):
    body = keras.Model(base.input, base.layers[-1].input)
    body.trainable = False
    return keras.Sequential(
        [
            keras.Input((*base.input_shape[1:-1], 1)),
            keras.layers.Rescaling(1 / 128, -127 / 128),
            keras.layers.Lambda(lambda x: keras.ops.repeat(x, 3, axis=-1)),
            body,
            keras.layers.Dense(classes),
            keras.layers.Softmax(),
        ]
    )


def norm_frozen_last(base, classes):
    """Without a net within the net; the switches of the layers come after the building."""
    new = keras.layers.Dense(classes, activation="softmax")(base.layers[-2].output)
    net = keras.Model(base.input, new)
    net.trainable = True
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return net


def norm_frozen_first(base, classes):
    for layer in base.layers:
        if "BatchNormalization" in type(layer).__name__:
            layer.trainable = False
    features = keras.Model(base.input, base.layers[-1].input)
    head = [keras.layers.Dense(classes), keras.layers.Activation("softmax")]
    return keras.Sequential([keras.Input(base.input_shape[1:]), features, *head])


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (for_grey, grey_layer_by_layer),
        (for_grey, grey_in_a_row),
        (fine_tuned, norm_frozen_last),
        (fine_tuned, norm_frozen_first),
    ],
)
def test_other_right_answers_are_right(check, answer):
    assert check.grade(answer).status == "right"


def stand_in(seed=8, pictures=500, numbers=32, groups=20):
    """Features and labels like those of the page: each class has two looks, some of them rare."""
    draw = np.random.default_rng(seed)
    looks = draw.normal(size=(groups, numbers))
    share = draw.dirichlet(np.full(groups, 2.0))

    def some():
        look = draw.choice(groups, pictures, p=share)
        wide = np.where(draw.random((pictures, 1)) < 0.05, 2.5, 1)  # a few strange ones
        return looks[look] + 0.6 * wide * draw.normal(size=(pictures, numbers)), look % 10

    return *some(), *some()


@pytest.fixture
def features(monkeypatch):
    monkeypatch.setattr(choose, "measure", labelling(*stand_in()))


def farthest(features, n):
    """Again and again the picture that is farthest from all chosen so far."""
    chosen = [0]
    while len(chosen) < n:
        near = [((features - features[i]) ** 2).sum(axis=1) for i in chosen]
        chosen.append(int(np.min(near, axis=0).argmax()))
    return chosen


def nearest_to_the_mean(features, n):
    return ((features - features.mean(axis=0)) ** 2).sum(axis=1).argsort()[:n]


def by_chance(features, n):
    seed = int(1e6 * abs(features[0, 0]))
    return np.random.default_rng(seed).choice(len(features), n, replace=False)


def test_the_solution_of_choose_reaches_its_target_with_room_to_spare(features):
    status, message = choose.grade(solution("07_pretrained", "choose"))
    assert status == "right" and float(message.split()[0]) > choose.target + 2, message


@pytest.mark.parametrize("rule", [farthest, nearest_to_the_mean, by_chance])
def test_a_naive_rule_is_not_enough(rule, features):
    status, message = choose.grade(rule)
    assert status == "wrong" and "points ahead of chance" in message


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda features, n: np.arange(n), "it does not look at the features"),
        (lambda features, n: np.repeat(3, n), "choose different ones"),
        (lambda features, n: np.arange(n + 1), "Return 20 places"),
        (lambda features, n: features[:n, 0], "as whole numbers"),
        (lambda features, n: np.arange(n) + len(features) - 5, "places from 0 to 299"),
    ],
)
def test_the_rules_of_choose(rule, words, features):
    status, message = choose.grade(rule)
    assert status == "wrong" and words in message


def test_choose_asks_for_the_features_of_the_page():
    assert "run the cell above first" in choose.grade(farthest).message.lower()


def test_a_mode_given_when_a_net_is_built_does_not_survive_training():
    """What 7.9 teaches; should Keras change that, the exercise has to change, too."""
    make, classes = fine_tuned.cases[0]
    net = fine_tuned.stub(make(), classes)
    image = keras.Input(net.input_shape[1:])
    within = keras.Model(image, net(image, training=False))
    (norm, *_) = (x for x in net.layers if isinstance(x, keras.layers.BatchNormalization))
    before = norm.moving_mean.numpy().copy()
    within(np.ones((2, *net.input_shape[1:]), "float32"), training=True)
    assert not np.allclose(norm.moving_mean, before)


def test_a_wrong_net_within_a_net_is_told_where_it_differs():
    def red(base, classes):
        base.trainable = False
        image = keras.Input((*base.input_shape[1:3], 1))
        x = keras.layers.ZeroPadding3D(((0, 0), (0, 0), (0, 2)))((image[..., None] - 127) / 128)
        features = keras.Model(base.input, base.layers[-2].output)
        last = keras.layers.Dense(classes, activation="softmax")
        return keras.Model(image, last(features(x[..., 0])))

    message = for_grey.grade(red).message
    assert "a Conv2D with a kernel of 3×3×3×4, which is given other numbers" in message
