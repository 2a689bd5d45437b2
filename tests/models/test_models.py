"""Every architecture: counts against the papers, shapes, gradients, saving, wrong arguments."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.measure.probes import empirical_receptive_field
from course_lib.measure.tables import receptive_field, totals
from course_lib.models import CIFAR_DEPTHS, MODELS, outline
from course_lib.models.alexnet import build_alexnet
from course_lib.models.inception import build_googlenet, build_inception_module
from course_lib.models.nin import build_nin
from course_lib.models.resnet import build_resnet, build_resnet_cifar
from course_lib.models.vgg import build_stack, build_vgg

# Input, outputs, parameters, of them not trained. Sources: the layer tables of the papers; for
# VGG, ResNet-50 with bias and Inception v3 also keras.applications.
COUNTS = {
    "lenet5": ((32, 32, 1), 10, 61_706, 0),
    "alexnet": ((227, 227, 3), 1000, 62_378_344, 0),
    "alexnet_grouped": ((227, 227, 3), 1000, 60_965_224, 0),
    "alexnet_blog": ((227, 227, 3), 1000, 200_425_832, 0),
    "zfnet": ((224, 224, 3), 1000, 62_357_608, 0),
    "zfnet_blog": ((227, 227, 3), 1000, 201_818_216, 0),
    "nin": ((32, 32, 3), 10, 966_986, 0),
    "nin_blog": ((227, 227, 3), 256, 3_747_200, 0),
    "vgg_a": ((224, 224, 3), 1000, 132_863_336, 0),
    "vgg_a_lrn": ((224, 224, 3), 1000, 132_863_336, 0),
    "vgg_b": ((224, 224, 3), 1000, 133_047_848, 0),
    "vgg_c": ((224, 224, 3), 1000, 133_638_952, 0),
    "vgg_d": ((224, 224, 3), 1000, 138_357_544, 0),
    "vgg_e": ((224, 224, 3), 1000, 143_667_240, 0),
    "vgg16_cifar100": ((32, 32, 3), 100, 34_006_948, 0),
    "stack_5": ((32, 32, 3), (28, 28, 2), 152, 0),
    "stack_3_3": ((32, 32, 3), (28, 28, 2), 94, 0),
    "stack_3_3_3": ((32, 32, 3), (26, 26, 2), 132, 0),
    "inception_naive": ((32, 32, 3), (32, 32, 12), 324, 0),
    "inception_reduced": ((32, 32, 3), (32, 32, 9), 176, 0),
    "googlenet": ((224, 224, 3), 1000, 6_998_552, 0),
    "googlenet_aux": ((224, 224, 3), 1000, 13_378_280, 0),
    "inception_v3": ((299, 299, 3), 1000, 23_851_784, 34_432),
    "fast": ((32, 32, 3), 10, 1_973_920, 2_304),
    "lite0": ((224, 224, 3), 1000, 4_652_008 + 42_016, 42_016),
    "resnet50_cifar100": ((32, 32, 3), 100, 23_766_052, 53_120),
    "resnet50_64": ((64, 64, 3), 6, 23_600_006, 53_120),
    "resnet50_resized_cifar100": ((32, 32, 3), 100, 23_792_612, 53_120),
    "resnet18": ((224, 224, 3), 1000, 11_689_512 + 9_600, 9_600),
    "resnet34": ((224, 224, 3), 1000, 21_797_672 + 17_024, 17_024),
    "resnet50": ((224, 224, 3), 1000, 25_557_032 + 53_120, 53_120),
    "resnet101": ((224, 224, 3), 1000, 44_549_160 + 105_344, 105_344),
    "resnet152": ((224, 224, 3), 1000, 60_192_808 + 151_424, 151_424),
    # Without the three projections, 1×1×64×128 and so on, and their normalisation.
    "plain18": ((224, 224, 3), 1000, 11_689_512 + 9_600 - 172_032 - 4 * 896, 9_600 - 2 * 896),
    "plain34": ((224, 224, 3), 1000, 21_797_672 + 17_024 - 172_032 - 4 * 896, 17_024 - 2 * 896),
}
TRAINABLE_CIFAR = dict(
    zip(CIFAR_DEPTHS, (269_722, 464_154, 658_586, 853_018, 1_727_962), strict=True)
)
for depth, trainable in TRAINABLE_CIFAR.items():
    # A moving mean and variance for each filter: 2n + 1 layers of 16, 2n of 32, 2n of 64. The
    # shortcuts have no weights. A pre-activation block normalises what comes in: 96 channels fewer
    # in the blocks that widen, 16 fewer after the stem, 64 more at the top make no difference... to
    # the trainable weights: (16 + 32) + 16 - 64 = 0.
    n = (depth - 2) // 6
    frozen = 2 * ((2 * n + 1) * 16 + 2 * n * 32 + 2 * n * 64)
    for kind in ("resnet", "plain", "preact"):
        COUNTS[f"{kind}{depth}_cifar"] = ((32, 32, 3), 10, trainable + frozen, frozen)

LENET5 = {"c1": 156, "c3": 2_416, "c5": 48_120, "f6": 10_164, "probabilities": 850}
DENSE = {"fc6": 37_752_832, "fc7": 16_781_312, "probabilities": 4_097_000}
ALEXNET_LAYERS = {
    1: {"conv1": 34_944, "conv2": 614_656, "conv3": 885_120, "conv4": 1_327_488, "conv5": 884_992},
    2: {"conv1": 34_944, "conv2": 307_456, "conv3": 885_120, "conv4": 663_936, "conv5": 442_624},
}
VGG_D = {
    "stage1_conv1": 1_792,
    "stage1_conv2": 36_928,
    "stage2_conv1": 73_856,
    "stage2_conv2": 147_584,
    "stage3_conv1": 295_168,
    "stage3_conv2": 590_080,
    "stage3_conv3": 590_080,
    "stage4_conv1": 1_180_160,
    "stage4_conv2": 2_359_808,
    "stage4_conv3": 2_359_808,
    "stage5_conv1": 2_359_808,
    "stage5_conv2": 2_359_808,
    "stage5_conv3": 2_359_808,
    "fc1": 102_764_544,
    "fc2": 16_781_312,
    "probabilities": 4_097_000,
}
INCEPTION_MODULES = {
    "stage3_blocka": (163_696, (28, 28, 256)),
    "stage3_blockb": (388_736, (28, 28, 480)),
    "stage4_blocka": (376_176, (14, 14, 512)),
    "stage4_blockb": (449_160, (14, 14, 512)),
    "stage4_blockc": (510_104, (14, 14, 512)),
    "stage4_blockd": (605_376, (14, 14, 528)),
    "stage4_blocke": (868_352, (14, 14, 832)),
    "stage5_blocka": (1_043_456, (7, 7, 832)),
    "stage5_blockb": (1_444_080, (7, 7, 1024)),
}

# One form of each builder and kind, narrow enough to run; the depths only repeat blocks.
SMALL = {"input_shape": (32, 32, 3), "classes": 10, "width": 0.125}
NARROW = {
    "lenet5": {"width": 0.5},
    "alexnet": {**SMALL, "width": 0.25, "fc": 32, "stem": (3, 2)},
    "alexnet_grouped": {**SMALL, "width": 0.25, "fc": 32, "stem": (3, 2)},
    "alexnet_blog": {**SMALL, "input_shape": (67, 67, 3), "fc": 16},
    "zfnet": {**SMALL, "fc": 32, "stem": (3, 1)},
    "zfnet_blog": {**SMALL, "fc": 32, "stem": (3, 1)},
    "nin": {"width": 0.125},
    "nin_blog": {"input_shape": (32, 32, 3), "width": 0.125, "stem": (3, 2)},
    "vgg_a_lrn": {**SMALL, "fc": 32},
    "vgg_c": {**SMALL, "fc": 32},
    "vgg_d": {**SMALL, "fc": 32},
    "stack_3_3": {},
    "inception_naive": {},
    "inception_reduced": {},
    "googlenet": {**SMALL, "stem": "small"},
    "googlenet_aux": {**SMALL, "stem": "small"},
    "inception_v3": {"input_shape": (75, 75, 3), "classes": 10},
    "lite0": SMALL,
    "resnet18": SMALL,
    "plain18": SMALL,
    "resnet50": SMALL,
    "resnet50_64": {"width": 0.125},
    "resnet50_resized_cifar100": {"size": 32},
    "resnet20_cifar": {"width": 0.5},
    "plain20_cifar": {"width": 0.5},
    "preact20_cifar": {"width": 0.5},
}
WITHOUT_CLASSES = {"nin_blog", "stack_5", "stack_3_3", "stack_3_3_3"}
WITHOUT_CLASSES |= {"inception_naive", "inception_reduced"}


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


@functools.cache
def outlines():
    return outline(lambda: {name: build() for name, build in MODELS.items()})


def outlined(name):
    return outlines()[name]


def narrow(name):
    keras.utils.set_random_seed(0)
    return MODELS[name](**NARROW[name])


def noise(model, n=4):
    return np.random.default_rng(0).normal(size=(n, *model.input_shape[1:])).astype("float32")


def as_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


def test_every_name_has_its_counts():
    assert set(COUNTS) == set(MODELS)


@pytest.mark.parametrize("name", NARROW)
def test_input_shape_and_classes_come_first(name):
    shape = (80, 96, 3)
    if name in WITHOUT_CLASSES:
        model = outline(lambda: MODELS[name](shape))
    else:
        model = outline(lambda: MODELS[name](shape, 7))
        assert {output.shape for output in model.outputs} == {(None, 7)}
    assert model.input_shape == (None, *shape)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    shape, outputs, parameters, non_trainable = COUNTS[name]
    model = outlined(name)
    assert model.input_shape == (None, *shape)
    expected = (None, *(outputs if isinstance(outputs, tuple) else (outputs,)))
    assert {output.shape for output in model.outputs} == {expected}
    found = totals(model)
    assert (found["parameters"], found["non_trainable"]) == (parameters, non_trainable)
    assert model.count_params() == parameters


def test_lenet5_layer_by_layer():
    assert counts(outlined("lenet5")) == LENET5


@pytest.mark.parametrize(("groups", "name"), [(1, "alexnet"), (2, "alexnet_grouped")])
def test_alexnet_layer_by_layer(groups, name):
    model = outlined(name)
    assert counts(model) == ALEXNET_LAYERS[groups] | DENSE
    maps = [model.get_layer(n).output.shape[1:] for n in ("conv1", "conv2", "conv5", "pool5")]
    assert maps == [(55, 55, 96), (27, 27, 256), (13, 13, 256), (6, 6, 256)]


def test_alexnet_as_the_blog_has_it():
    model = outlined("alexnet_blog")
    assert model.get_layer("concatenate5").output.shape[1:] == (2 * 21_632,)
    towers = counts(model)
    both = {f"conv{i}": towers[f"conv{i}a"] + towers[f"conv{i}b"] for i in range(1, 6)}
    assert both == ALEXNET_LAYERS[2]  # all that is too large is the first dense stage
    assert 200_425_832 - 60_965_224 == (2 * 21_632 - 9_216) * 4096
    activations = {
        layer.get_config().get("activation")
        for layer in model.layers
        if layer.count_params() and layer.name != "probabilities"
    }
    assert activations == {"linear"}


def test_zfnet_has_the_maps_of_its_figure_3():
    model = outlined("zfnet")
    names = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    sides = [model.get_layer(name).output.shape[1] for name in names]
    assert sides == [110, 55, 26, 13, 13, 13, 13, 6]
    blog = outlined("zfnet_blog")
    assert [blog.get_layer(n).output.shape[1] for n in ("conv2", "pool5")] == [55, 13]


def test_nin_ends_in_a_map_for_each_class_and_the_blogs_does_not():
    model = outlined("nin")
    assert model.get_layer("global_pool").input.shape[1:] == (7, 7, 10)
    kernels = [layer.kernel_size for layer in model.layers if hasattr(layer, "kernel_size")]
    assert kernels == [(5, 5), (1, 1), (1, 1)] * 2 + [(3, 3), (1, 1), (1, 1)]
    assert not any(isinstance(layer, keras.layers.Dense) for layer in model.layers)
    blog = outlined("nin_blog")
    assert counts(blog) == ALEXNET_LAYERS[1]
    assert (1, 1) not in [getattr(layer, "kernel_size", None) for layer in blog.layers]
    activations = [blog.get_layer(f"conv{i}").activation.__name__ for i in range(1, 6)]
    assert activations == ["linear"] + ["relu"] * 4


def test_vgg_d_layer_by_layer():
    model = outlined("vgg_d")
    assert counts(model) == VGG_D
    pools = [model.get_layer(f"stage{i}_pool").output.shape[1:] for i in range(1, 6)]
    assert pools == [(112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512)]


def test_vgg_c_is_d_with_three_1x1():
    c, d = (counts(outlined(name)) for name in ("vgg_c", "vgg_d"))
    smaller = {name: d[name] - c[name] for name in d if d[name] != c[name]}
    eight = {f"stage{i}_conv3": 8 * n * n for i, n in ((3, 256), (4, 512), (5, 512))}
    assert smaller == eight  # one weight of nine is left


def test_a_lrn_normalises_once_after_the_first_convolution():
    layers = [layer.name for layer in outlined("vgg_a_lrn").layers]
    assert layers[1:4] == ["stage1_conv1", "stage1_lrn", "stage1_pool"]
    assert [name for name in layers if "lrn" in name] == ["stage1_lrn"]


def test_googlenet_module_by_module():
    model = outlined("googlenet")
    found = {}
    for name in INCEPTION_MODULES:
        own = [layer for layer in model.layers if layer.name.startswith(name)]
        shape = model.get_layer(f"{name}_concatenate").output.shape[1:]
        found[name] = (sum(layer.count_params() for layer in own), shape)
    assert found == INCEPTION_MODULES


def test_auxiliary_heads_stand_on_4a_and_4d():
    model = outlined("googlenet_aux")
    assert model.output_names == ["probabilities", "auxiliary1", "auxiliary2"]
    heads = {
        name: model.get_layer(f"{name}_auxiliary_pool")
        for name in ("stage4_blocka", "stage4_blockd")
    }
    assert [pool.output.shape[1:] for pool in heads.values()] == [(4, 4, 512), (4, 4, 528)]
    rates = {layer.name: layer.rate for layer in model.layers if hasattr(layer, "rate")}
    assert sorted(rates.values()) == [0.4, 0.7, 0.7]


def test_torchvisions_kernel_of_3_is_found_by_counting():
    """In the nine "5×5" branches 25 weights become 9 (pytorch/vision issue 906)."""
    real, bug = (outline(lambda k=k: build_googlenet(kernel5=k)).count_params() for k in (5, 3))
    pairs = [(16, 32), (32, 96), (16, 48), (24, 64), (24, 64), (32, 64), (32, 128), (32, 128)]
    assert real - bug == 16 * sum(a * b for a, b in [*pairs, (48, 128)])
    small = [build_inception_module(kernel5=3), MODELS["inception_naive"](kernel5=3)]
    assert [model.count_params() for model in small] == [112, 180]


def test_resnet50_layer_by_layer():
    """Against Table 1 of the paper, written out."""
    expected, channels = {"stem_conv": 7 * 7 * 3 * 64, "stem_conv_bn": 4 * 64}, 64
    for stage, (filters, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=2):
        for block in range(1, blocks + 1):
            name = f"stage{stage}_block{block}"
            kernels = {
                "conv1": channels * filters,
                "conv2": 9 * filters * filters,
                "conv3": filters * 4 * filters,
            }
            widths = {"conv1": filters, "conv2": filters, "conv3": 4 * filters}
            if block == 1:
                kernels["shortcut"], widths["shortcut"] = channels * 4 * filters, 4 * filters
            expected |= {f"{name}_{k}": n for k, n in kernels.items()}
            expected |= {f"{name}_{k}_bn": 4 * n for k, n in widths.items()}
            channels = 4 * filters
    expected["probabilities"] = 2048 * 1000 + 1000
    assert counts(outlined("resnet50")) == expected


def test_where_resnet50_halves_the_map():
    for stride_on, name in ((1, "conv1"), (3, "conv2")):
        model = outline(lambda stride_on=stride_on: build_resnet(stride_on=stride_on))
        halving = [
            layer.name
            for layer in model.layers
            if getattr(layer, "strides", None) == (2, 2) and "block1" in layer.name
        ]
        expected = [{f"stage{i}_block1_{n}" for n in (name, "shortcut")} for i in (3, 4, 5)]
        assert set(halving) == set.union(*expected)


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("vgg_e", 19.6),
        ("resnet18", 1.8),
        ("resnet152", 11.3),
        ("resnet101", 7.6),
    ],
)
def test_multiply_adds_are_the_papers(name, paper):
    assert round(totals(outlined(name))["multiply_adds"] / 1e9, 1) == paper


@pytest.mark.parametrize(
    ("name", "paper"), [("resnet34", 3.6), ("resnet50", 3.8), ("googlenet", 1.5)]
)
def test_multiply_adds_that_the_papers_cut_off(name, paper):
    """3.66, 3.86 and 1.58: the papers print the digits and do not round them."""
    assert int(totals(outlined(name))["multiply_adds"] / 1e8) / 10 == paper


def test_vgg16s_15_3_billion_leave_out_the_dense_layers():
    """The ResNet paper counts 15.3e9 for VGG-16, which has 15.47e9, and 19.6e9 for VGG-19 with
    them. Without its dense layers (1.2e8), VGG-16 has 15.35e9."""
    everything = totals(outlined("vgg_d"))["multiply_adds"]
    dense = 25_088 * 4096 + 4096 * 4096 + 4096 * 1000
    assert int((everything - dense) / 1e8) / 10 == 15.3
    assert round(everything / 1e9, 1) == 15.5


@pytest.mark.parametrize(
    ("kernels", "field"), [((5,), 5), ((3, 3), 5), ((3, 3, 3), 7), ((7,), 7), ((3, 1, 3), 5)]
)
def test_receptive_field_of_stacks(kernels, field):
    model = build_stack(kernels=kernels)
    assert receptive_field(model, f"conv{len(kernels)}") == (field, 1)
    assert empirical_receptive_field(model, f"conv{len(kernels)}") == (field, field)


def test_receptive_field_of_vgg_stages():
    """r grows by (k - 1) * stride with each layer: 6, 16, 44, 100, 212 after VGG-16's stages."""
    model = outlined("vgg_d")
    fields = [receptive_field(model, f"stage{i}_pool") for i in range(1, 6)]
    assert fields == [(6, 2), (16, 4), (44, 8), (100, 16), (212, 32)]
    small = build_vgg((128, 128, 3), 10, width=1 / 64, fc=8)
    measured = [empirical_receptive_field(small, f"stage{i}_pool") for i in range(1, 5)]
    assert measured == [(6, 6), (16, 16), (44, 44), (100, 100)]


def test_two_groups_are_two_towers_that_meet_in_conv3():
    """Each half of a grouped layer sees its own half of the maps; conv3 sees both."""
    model = build_alexnet(groups=2, **NARROW["alexnet"], lrn=False, dropout=0.0)
    image = noise(model, 2)
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
    grouped = [f"conv{i}" for i in range(1, 6) if model.get_layer(f"conv{i}").groups == 2]
    assert grouped == ["conv2", "conv4", "conv5"]
    np.testing.assert_allclose(model(image), x, atol=1e-5)


@pytest.mark.parametrize("name", NARROW)
def test_narrow_form_learns_and_comes_back_from_disk(name, tmp_path):
    """Finite gradients that reach every weight; equal outputs after saving and loading."""
    model = narrow(name)
    images = noise(model)
    with tf.GradientTape() as tape:
        outputs = as_list(model(images, training=True))
        # Every output weighs differently, so that no symmetry cancels a gradient.
        loss = sum(tf.reduce_sum(x * tf.random.stateless_normal(x.shape, (0, 1))) for x in outputs)
    gradients = tape.gradient(loss, model.trainable_weights)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path
    # Narrow layers may hold a filter whose ReLU is never positive, but not whole layers.
    assert np.mean([np.any(gradient) for gradient in gradients]) > 0.97
    expected = as_list(model(images))
    if model.layers[-1].name.startswith(("probabilities", "auxiliary")):
        for output in expected:
            np.testing.assert_allclose(np.sum(output, axis=1), 1, atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for a, b in zip(as_list(loaded(images)), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("name", NARROW)
def test_runs_in_bfloat16_with_float32_probabilities(name):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = narrow(name)
        outputs = as_list(model(noise(model, 1)))
    finally:
        keras.config.set_dtype_policy(policy)
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel_size")]
    assert {layer.compute_dtype for layer in convolutions} <= {"bfloat16"}
    for output in outputs:
        assert np.isfinite(np.asarray(output, "float32")).all()
        if len(output.shape) == 2 and name not in ("nin_blog", "inception_v3"):
            assert output.dtype == "float32"


@pytest.mark.parametrize("kind", ["vgg_d", "resnet20_cifar", "googlenet", "nin", "alexnet"])
def test_seed_decides_every_weight(kind):
    first, again, other = (MODELS[kind](**NARROW[kind], seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.weights, again.weights, other.weights, strict=True):
        if "kernel" in a.name:
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)


def kernels(model):
    return {w.path: w.numpy() for w in model.weights if "kernel" in w.path}


def test_more_layers_leave_the_weights_of_the_others_as_they_are():
    """Of one seed, and after one `set_random_seed`: plain-32 holds plain-20's weights."""
    for seed in (1, None):
        nets = []
        for depth in (20, 32):
            keras.utils.set_random_seed(5)
            nets.append(kernels(build_resnet_cifar(depth=depth, shortcut=None, seed=seed)))
        short, deep = nets
        assert len(short) == 20 and set(short) < set(deep)
        for name in short:
            np.testing.assert_array_equal(short[name], deep[name])


def test_set_random_seed_decides_what_seed_leaves_open():
    weights = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        weights.append(kernels(build_nin(width=0.125))["stage1_conv1/kernel"])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
    following = kernels(build_nin(width=0.125))["stage1_conv1/kernel"]
    assert not np.array_equal(weights[2], following)


def test_equal_layers_do_not_start_alike():
    model = MODELS["resnet20_cifar"](seed=1)
    a, b = (model.get_layer(f"stage3_block3_conv{k}").kernel for k in (1, 2))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("shortcut", ["padding", "projection", None])
@pytest.mark.parametrize("preactivation", [False, True])
@pytest.mark.parametrize("normalisation", ["batch", None])
def test_every_kind_of_residual_net_is_built(shortcut, preactivation, normalisation):
    kind = {
        "shortcut": shortcut,
        "preactivation": preactivation,
        "normalisation": normalisation,
    }
    model = build_resnet_cifar(depth=8, **kind)
    names = [layer.name for layer in model.layers]
    assert any("_add" in name for name in names) == (shortcut is not None)
    assert any("_bn" in name for name in names) == (normalisation is not None)
    assert np.isfinite(model(noise(model, 2), training=True)).all()


def test_option_a_costs_no_weights_and_option_b_two_projections():
    a, b, plain = (
        outline(lambda s=s: build_resnet_cifar(shortcut=s)).count_params()
        for s in ("padding", "projection", None)
    )
    assert a == plain
    assert b - a == 16 * 32 + 32 * 64 + 4 * (32 + 64)
