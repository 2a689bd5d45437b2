"""Counts against the papers, grouped against separate towers, wrong arguments."""

import keras
import numpy as np
import pytest

from course_lib.analysis import outline
from course_lib.models.alexnet import build_alexnet, build_alexnet_blog
from course_lib.models.lenet import build_lenet5

LENET5 = {"c1": 156, "c3": 2_416, "c5": 48_120, "f6": 10_164, "probabilities": 850}
DENSE = {"fc6": 37_752_832, "fc7": 16_781_312, "probabilities": 4_097_000}
ALEXNET = {
    1: {"conv1": 34_944, "conv2": 614_656, "conv3": 885_120, "conv4": 1_327_488, "conv5": 884_992},
    2: {"conv1": 34_944, "conv2": 307_456, "conv3": 885_120, "conv4": 663_936, "conv5": 442_624},
}
NARROW = dict(input_shape=(32, 32, 3), classes=10, width=0.25, fc=32, stem=(3, 2))


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


@pytest.fixture(autouse=True)
def free_memory():
    yield
    keras.utils.clear_session()


def test_lenet5_layer_by_layer():
    model = build_lenet5()
    assert counts(model) == LENET5
    assert model.count_params() == 61_706
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(("groups", "total"), [(1, 62_378_344), (2, 60_965_224)])
def test_alexnet_layer_by_layer(groups, total):
    model = outline(lambda: build_alexnet(groups=groups))
    assert counts(model) == ALEXNET[groups] | DENSE
    assert model.count_params() == total
    maps = [model.get_layer(n).output.shape[1:] for n in ("conv1", "conv2", "conv5", "pool5")]
    assert maps == [(55, 55, 96), (27, 27, 256), (13, 13, 256), (6, 6, 256)]


def test_alexnet_as_the_blog_has_it():
    model = outline(build_alexnet_blog)
    assert model.count_params() == 200_425_832
    assert model.get_layer("concatenate5").output.shape[1:] == (2 * 21_632,)
    towers = counts(model)
    both = {f"conv{i}": towers[f"conv{i}a"] + towers[f"conv{i}b"] for i in range(1, 6)}
    assert both == ALEXNET[2]  # all that is too large is the first dense stage
    assert 200_425_832 - 60_965_224 == (2 * 21_632 - 9_216) * 4096
    activations = {
        layer.get_config().get("activation")
        for layer in model.layers
        if layer.count_params() and layer.name != "probabilities"
    }
    assert activations == {"linear"}


def test_two_groups_are_two_towers_that_meet_in_conv3():
    """Each half of a grouped layer sees its own half of the maps; conv3 sees both."""
    model = build_alexnet(groups=2, **NARROW, lrn=False, dropout=0.0)
    image = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    x = image
    for layer in model.layers[1:]:
        if getattr(layer, "groups", 1) == 2:
            kernel, bias = layer.get_weights()
            inputs, outputs = x.shape[-1] // 2, kernel.shape[-1] // 2
            towers = [
                keras.ops.conv(
                    x[..., t * inputs : (t + 1) * inputs],
                    kernel[..., t * outputs : (t + 1) * outputs],
                    padding="same",
                )
                for t in (0, 1)
            ]
            x = keras.ops.relu(keras.ops.concatenate(towers, axis=-1) + bias)
        else:
            x = layer(x)
    grouped = [
        n for n in ("conv1", "conv2", "conv3", "conv4", "conv5") if model.get_layer(n).groups == 2
    ]
    assert grouped == ["conv2", "conv4", "conv5"]
    np.testing.assert_allclose(model(image), x, atol=1e-5)


BUILDERS = {
    "lenet5": build_lenet5,
    "alexnet": lambda **kw: build_alexnet(**{**NARROW, **kw}),
    "alexnet_grouped": lambda **kw: build_alexnet(**{**NARROW, "groups": 2, **kw}),
    "alexnet_blog": lambda **kw: build_alexnet_blog(**{"input_shape": (67, 67, 3), **kw}),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_gradients_are_finite_and_reach_every_weight(name):
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = BUILDERS[name]()
    images = tf.random.stateless_normal((4, *model.input_shape[1:]), seed=(0, 1))
    with tf.GradientTape() as tape:
        scores = model(images, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy()(tf.range(4), scores)
    for weight, gradient in zip(
        model.trainable_weights, tape.gradient(loss, model.trainable_weights), strict=True
    ):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("name", BUILDERS)
def test_saved_and_loaded_gives_the_same_output(name, tmp_path):
    model = BUILDERS[name]()
    images = np.random.default_rng(0).random((2, *model.input_shape[1:]), dtype=np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(images), model(images), atol=1e-6)
    np.testing.assert_allclose(np.sum(model(images), axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", BUILDERS)
def test_runs_in_bfloat16_with_float32_probabilities(name):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = BUILDERS[name]()
        output = model(np.zeros((1, *model.input_shape[1:]), "float32"))
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.layers[1].compute_dtype == "bfloat16"
    assert output.dtype == "float32" and np.isfinite(output).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: build_lenet5((15, 32, 1)), "16×16 pixels, got 15×32"),
        (lambda: build_lenet5(classes=1), "classes must be at least 2, got 1"),
        (lambda: build_alexnet((66, 227, 3)), r"at least 67×67.*got 66×227"),
        (lambda: build_alexnet((32, 32, 3)), "smaller stem"),
        (lambda: build_alexnet(groups=3), "groups must be 1 or 2, got 3"),
        (lambda: build_alexnet(classes=0), "classes must be at least 2, got 0"),
        (lambda: build_alexnet(width=0.01), r"even number of filters, got 0.01"),
        (lambda: build_alexnet(width=0), "got 0"),
        (lambda: build_alexnet_blog((66, 66, 3)), "67×67.*got 66×66"),
    ],
)
def test_wrong_arguments_name_the_rule_and_the_value(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("stem", [(11, 4), (5, 2), (3, 2), (5, 1)])
@pytest.mark.parametrize("pool_size", [2, 3])
def test_smallest_image_that_the_error_names_does(stem, pool_size):
    settings = {**NARROW, "stem": stem, "pool_size": pool_size}
    with pytest.raises(ValueError, match="at least") as error:
        build_alexnet(**{**settings, "input_shape": (8, 8, 3)})
    smallest = int(str(error.value).split("at least ")[1].split("×")[0])
    build_alexnet(**{**settings, "input_shape": (smallest, smallest, 3)})
    with pytest.raises(ValueError):
        build_alexnet(**{**settings, "input_shape": (smallest - 1, smallest, 3)})


def test_initializers_are_not_shared():
    """One seeded initializer object for all layers would start every equal layer alike."""
    model = build_alexnet(**NARROW, initializer=keras.initializers.HeNormal(seed=1))
    assert model.get_layer("conv4").get_weights()[0].std() > 0
