"""Our layers against Keras's batch normalisation and the AlexNet paper's formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.models.layers import (
    FusedBatchNormalization,
    LocalResponseNormalization,
    SmallMapConv2D,
    convolve_small_maps,
)

# Keras 3.15 copies its variables in a way that NumPy 2 warns of.
keras_saves = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPES = [(8, 5, 6, 3), (1, 5, 6, 3), (16, 4), (1, 4), (6, 7, 4)]
SETTINGS = [
    {},
    {"momentum": 0.8, "epsilon": 1e-5},
    {"scale": False},
    {"center": False},
    {"scale": False, "center": False},
]


def random_images(shape, seed=0, mean=3.0, std=2.0):
    return np.random.default_rng(seed).normal(mean, std, shape).astype("float32")


def batch_norm_pair(shape, **settings):
    """Ours and Keras's layer with the same random weights."""
    layers = FusedBatchNormalization(**settings), keras.layers.BatchNormalization(**settings)
    rng = np.random.default_rng(1)
    for layer in layers:
        layer.build((None, *shape[1:]))
    weights = [rng.uniform(0.5, 2, weight.shape) for weight in layers[1].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def outputs_and_gradients(layer, x, wrap=lambda function: function):
    """Training output, and its gradients for the input, gamma and beta."""
    upstream = random_images(x.shape, seed=2, mean=0, std=1)

    @wrap
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(tf.cast(y, tf.float32) * upstream)
        return [y, *tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables)])]

    return [tensor.numpy() for tensor in step(tf.constant(x))]


def assert_close(received, expected, tolerance):
    """Equal to within `tolerance` of the largest expected value (at least 1)."""
    assert len(received) == len(expected)
    for ours, theirs in zip(received, expected, strict=True):
        theirs = np.asarray(theirs, "float32")
        largest = max(1.0, float(np.abs(theirs).max()))
        np.testing.assert_allclose(
            np.asarray(ours, "float32"), theirs, rtol=0, atol=tolerance * largest
        )


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_equals_keras(shape, settings):
    ours, theirs = batch_norm_pair(shape, **settings)
    x = random_images(shape)
    # In inference, before and after the moving statistics moved.
    assert_close([ours(x)], [theirs(x)], 1e-5)
    assert_close(outputs_and_gradients(ours, x), outputs_and_gradients(theirs, x), 1e-4)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)
    assert_close([ours(x, training=False)], [theirs(x, training=False)], 1e-5)


@pytest.mark.parametrize(
    "wrap",
    [tf.function, tf.function(jit_compile=False), tf.function(jit_compile=True)],
    ids=["graph", "graph without XLA", "XLA"],
)
def test_batch_norm_equals_keras_in_a_graph(wrap):
    shape = (8, 5, 6, 3)
    ours, theirs = batch_norm_pair(shape)
    x = random_images(shape)
    assert_close(outputs_and_gradients(ours, x, wrap), outputs_and_gradients(theirs, x), 1e-4)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)


def test_batch_norm_is_exact_far_from_zero():
    shape = (64, 8, 8, 3)
    ours, theirs = batch_norm_pair(shape)
    x = random_images(shape, mean=300, std=0.5)
    assert_close([ours(x, training=True)], [theirs(x, training=True)], 1e-3)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(8, 5, 6, 3), (16, 4)], ids=str)
def test_batch_norm_equals_keras_in_low_precision(shape, policy):
    ours, theirs = batch_norm_pair(shape, dtype=policy)
    x = random_images(shape)
    received, expected = outputs_and_gradients(ours, x), outputs_and_gradients(theirs, x)
    assert received[0].dtype == expected[0].dtype == tf.as_dtype(ours.compute_dtype)
    assert [w.dtype for w in ours.weights] == [w.dtype for w in theirs.weights]
    assert_close(received, expected, 2**-6)  # bfloat16 keeps 8 significant bits
    in_float32 = policy.startswith("mixed")
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5 if in_float32 else 2**-6)


def test_batch_norm_in_float64_keeps_its_digits():
    shape = (8, 5, 6, 3)
    ours, theirs = batch_norm_pair(shape, dtype="float64")
    x = random_images(shape).astype("float64")
    received, expected = ours(x, training=True), theirs(x, training=True)
    assert received.dtype == tf.float64
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-12)


def test_batch_norm_leaves_out_masked_steps():
    shape = (6, 7, 4)
    ours, theirs = batch_norm_pair(shape)
    x, mask = random_images(shape), np.arange(42).reshape(6, 7) % 3 > 0
    expected = theirs(x, training=True, mask=mask)
    assert_close([ours(x, training=True, mask=mask)], [expected], 1e-5)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)


def test_batch_norm_trains_on_the_fused_kernel():
    layer = FusedBatchNormalization()
    layer.build((None, 4, 4, 3))
    graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(
        tf.TensorSpec([None, 4, 4, 3])
    )
    operations = {operation.type for operation in graph.graph.get_operations()}
    assert "FusedBatchNormV3" in operations
    assert "SquaredDifference" not in operations


@pytest.mark.parametrize("shape", [(8, 5, 6, 3), (16, 4)], ids=str)
def test_frozen_batch_norm_runs_in_inference_mode(shape):
    ours, theirs = batch_norm_pair(shape)
    ours.trainable = theirs.trainable = False
    before, x = ours.get_weights(), random_images(shape)
    assert_close([ours(x, training=True)], [theirs(x, training=True)], 1e-5)
    assert_close([ours(x, training=True)], [ours(x, training=False)], 0)
    assert_close(ours.get_weights(), before, 0)


SETTINGS_IN_NET = {"momentum": 0.8, "epsilon": 1e-4, "gamma_regularizer": "l2"}


def small_net(batch_norm, seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(6, 3, use_bias=False),
            batch_norm(**SETTINGS_IN_NET),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            batch_norm(beta_constraint="non_neg"),
            keras.layers.Dense(2),
        ]
    )


@pytest.fixture(scope="module")
def trained_nets():
    """The same net with our layer and with Keras's, from the same weights, after nine steps."""
    x = random_images((24, 8, 8, 3))
    y = (x.mean((1, 2, 3)) > 3).astype("int64")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    nets = []
    for batch_norm in (FusedBatchNormalization, keras.layers.BatchNormalization):
        net = small_net(batch_norm, seed=0)
        net.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
        net.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        nets.append(net)
    return nets


def test_nets_with_either_layer_learn_the_same_weights(trained_nets):
    ours, theirs = (net.get_weights() for net in trained_nets)
    untrained = small_net(FusedBatchNormalization, seed=0).get_weights()
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(ours, untrained, strict=True))
    assert_close(ours, theirs, 1e-4)


def predictions(net):
    return net(random_images((10, 8, 8, 3), seed=5), training=False)


def test_weights_fit_the_same_net_with_keras_layer(trained_nets):
    ours = trained_nets[0]
    theirs = small_net(keras.layers.BatchNormalization, seed=1)
    for weight, other in zip(ours.weights, theirs.weights, strict=True):
        assert (weight.name, weight.shape) == (other.name, other.shape)
    theirs.set_weights(ours.get_weights())
    assert_close([predictions(theirs)], [predictions(ours)], 1e-5)


@keras_saves
def test_net_is_saved_and_loaded(trained_nets, tmp_path):
    net = trained_nets[0]
    net.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert type(loaded.layers[1]) is FusedBatchNormalization
    assert loaded.layers[1].get_config() == net.layers[1].get_config()
    assert_close([predictions(loaded)], [predictions(net)], 0)


@pytest.mark.parametrize("settings", [{"axis": 1}, {"axis": 3}, {"renorm": True}], ids=str)
def test_what_the_kernel_cannot_do_keras_does(settings):
    shape = (8, 5, 6, 3)
    ours, theirs = (
        kind(**settings) for kind in (FusedBatchNormalization, keras.layers.BatchNormalization)
    )
    x = random_images(shape)
    assert_close([ours(x, training=True)], [theirs(x, training=True)], 1e-4)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)


def lrn_by_the_paper(a):
    """AlexNet section 3.3, a channel at a time; N is the number of channels."""
    k, n, alpha, beta = 2, 5, 1e-4, 0.75
    b, N = np.zeros(a.shape), a.shape[-1]
    for i in range(N):
        total = np.zeros(a.shape[:-1])
        for j in range(max(0, i - n // 2), min(N - 1, i + n // 2) + 1):
            total += a[..., j].astype("float64") ** 2
        b[..., i] = a[..., i] / (k + alpha * total) ** beta
    return b


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 12])
def test_lrn_equals_the_paper(channels):
    a = random_images((2, 3, 4, channels), mean=0, std=60)
    received = LocalResponseNormalization()(a).numpy()
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, lrn_by_the_paper(a), rtol=1e-5)


def test_lrn_gradient_equals_tensorflow():
    a = tf.constant(random_images((2, 3, 4, 12), mean=0, std=60))
    upstream = random_images(a.shape, seed=2)
    gradients = []
    for normalise in (
        LocalResponseNormalization(),
        lambda x: tf.nn.local_response_normalization(x, 2, bias=2, alpha=1e-4, beta=0.75),
    ):
        with tf.GradientTape() as tape:
            tape.watch(a)
            total = tf.reduce_sum(normalise(a) * upstream)
        gradients.append(tape.gradient(total, a))
    assert_close(gradients[:1], gradients[1:], 1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_lrn_in_low_precision_sums_in_float32(policy):
    layer = LocalResponseNormalization(dtype=policy)
    a = tf.cast(random_images((2, 3, 4, 12), mean=0, std=300), layer.compute_dtype)
    received = layer(a)  # 300 squared is more than float16 can hold
    assert received.dtype == a.dtype
    expected = lrn_by_the_paper(tf.cast(a, tf.float32).numpy())
    np.testing.assert_allclose(tf.cast(received, tf.float32), expected, rtol=2**-8)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("bfloat16", 2e-2)])
@pytest.mark.parametrize("side", [1, 3, 8, 9])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 5), (2, 4)])
def test_small_maps_have_tensorflows_gradients(dtype, tolerance, side, kernel):
    maps = tf.constant(random_images((5, side, side + 1 if side == 3 else side, 6)))
    weights = tf.constant(random_images((*kernel, 6, 4), seed=1))
    upstream = tf.constant(random_images((*maps.shape[:3], 4), seed=2))

    def results(convolve, dtype):
        inputs = [tf.cast(x, dtype) for x in (maps, weights)]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = convolve(*inputs)
        gradients = tape.gradient(outputs, inputs, tf.cast(upstream, dtype))
        return [tf.cast(x, "float32").numpy() for x in (outputs, *gradients)]

    # Above 8 it is TensorFlow's own way, whose sums of bfloat16 can be off by several percent.
    expected = results(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"), "float32" if side < 9 else dtype)
    assert_close(results(convolve_small_maps, dtype), expected, tolerance)


def test_only_bfloat16_and_small_maps_take_the_products(monkeypatch):
    """In float32, with a stride, or with groups, the layer is Keras's own."""
    calls = []
    monkeypatch.setattr(
        "course_lib.models.layers.convolve_small_maps",
        lambda maps, kernel: calls.append(maps.dtype) or tf.nn.conv2d(maps, kernel, 1, "SAME"),
    )
    images = random_images((2, 4, 4, 4))
    for settings in ({}, {"strides": 2}, {"groups": 2}, {"padding": "valid"}):
        for dtype in ("float32", "mixed_bfloat16"):
            SmallMapConv2D(4, 3, **{"padding": "same", "dtype": dtype} | settings)(images)
    assert calls == [tf.bfloat16]


def test_products_serve_sizes_known_only_when_run():
    """Progressive sizes reach the net with sides that the graph does not know."""
    kernel = tf.constant(random_images((3, 3, 2, 4)))

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 2))])
    def gradient(maps):
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            total = tf.reduce_sum(convolve_small_maps(maps, kernel))
        return tape.gradient(total, kernel)

    for side in (3, 12):
        maps = random_images((2, side, side, 2))
        ones = np.ones((2, side, side, 4), "float32")
        native = tf.raw_ops.Conv2DBackpropFilter(
            input=maps,
            filter_sizes=(3, 3, 2, 4),
            out_backprop=ones,
            strides=[1] * 4,
            padding="SAME",
        )
        assert_close([gradient(maps).numpy()], [native.numpy()], 1e-5)
