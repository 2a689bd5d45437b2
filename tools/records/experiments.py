"""Every experiment that is recorded: the chapters' own, and a function for each on real data."""

import importlib.util
import time
from dataclasses import replace
from functools import partial

import keras
import numpy as np
from keras import layers

from course_lib import data
from course_lib.measure import metrics
from course_lib.models import (
    MODELS,
    build_alexnet,
    build_fast,
    build_googlenet,
    build_nin,
    build_resnet_cifar,
    build_vgg,
    build_zfnet,
)
from course_lib.training import TrainingConfig
from course_lib.training.fast import FAST
from course_lib.training.precision import policy
from tools.records import pages
from tools.records.running import Experiment

SEEDS = (0, 1, 2, 3, 4)
# Minutes for all seeds, about.
CHAPTERS = {"02": 6, "03": 5, "04": 4, "05": 5, "06": 5, "07": 6, "08": 17, "09": 9}

SMALL_VGG = {"width": 0.25, "fc": 256}

# ResNet, section 4.2, with a rate that falls to zero in fewer epochs than the paper's 164.
RESNET = TrainingConfig(
    epochs=20,
    batch_size=128,
    optimizer="sgd",
    learning_rate=0.1,
    schedule="cosine",
    warmup_epochs=1,
    weight_decay=1e-4,
    augmentation="crop+flip",
)


def at_rates(builders, rates):
    """Each net at each learning rate."""
    return {
        f"{name}, rate {rate}": (build, {"learning_rate": rate})
        for name, build in builders.items()
        for rate in rates
    }


def vgg_rates():
    """Chapter 04's narrow VGG-16 from three starts, at five rates each."""
    live = pages.comparisons("04")
    _, depth = live["by_depth"]
    starts = {"He": depth["nets"]["D"], **live["suspects"][1]["nets"]}
    return Experiment(
        name="vgg_rates",
        chapter="04",
        question="Which nets leave the wall: start, rate, or batch normalisation?",
        data_set="shapes10",
        load=lambda: (depth["train"], depth["test"]),
        nets=at_rates(starts, (0.0001, 0.0003, 0.0005, 0.001, 0.003)),
        config=depth["config"],
        minutes=15,
        seeds=SEEDS,
    )


def squeeze_twice_as_wide():
    """Chapter 05's three small nets, and the squeezed one with every width doubled."""
    live = pages.comparisons("05")["squeezing"][1]
    build, (widths,) = live["nets"]["1×1, squeezed"].func, live["nets"]["1×1, squeezed"].args

    def doubled(channels):
        return tuple(2 * width for width in widths(channels))

    return Experiment(
        name="squeeze_twice_as_wide",
        chapter="05",
        question="Squeezed, and the saving spent on width: is it a bargain?",
        data_set="shapes10",
        load=lambda: (live["train"], live["test"]),
        nets=live["nets"] | {"1×1, squeezed, twice as wide": partial(build, doubled)},
        config=live["config"],
        minutes=4,
        seeds=SEEDS,
    )


def heads():
    """Chapter 05's narrow GoogLeNet with the losses of its heads and without them."""
    names = ("narrow_googlenet", "STARTS", "small_train", "y_train", "small_test", "y_test")
    build, starts, train, train_labels, test, test_labels = pages.values("05", names)
    return Experiment(
        name="heads",
        chapter="05",
        question="Do the heads help the net to learn?",
        data_set="shapes10",
        load=lambda: ((train, train_labels[: len(train)]), (test, test_labels)),
        nets={
            f"{start}, {heads} heads": (partial(build, starts[start]), {"auxiliary_weight": weight})
            for start in ("Glorot", "He", "He, batch norm.")
            for heads, weight in (("without", 0.0), ("with", 0.3))
        },
        config=TrainingConfig(epochs=12, batch_size=32, optimizer="adam", learning_rate=0.001),
        minutes=40,
        seeds=SEEDS,
    )


def cifar10():
    """All of CIFAR-10, normalised: 50,000 images to train, 10,000 to test."""
    return _normalised(*data.load("cifar10"))


def _normalised(train, test):
    images = data.normalise(train[0], test[0])
    return tuple(zip(images, (train[1], test[1]), strict=True))


def without_blocks(model, test):
    """Test accuracy after each block of a deep net, in turn, is deleted (Veit et al., 2016).

    A deleted block hands its input on, so blocks that change the map's size stay. Chapter 06 has
    the two ways: a residual block adds nothing any more, a plain one gets kernels that copy.
    """
    convolutions = {layer.name for layer in model.layers if layer.name.endswith("_conv2")}
    blocks = sorted(name.removesuffix("_conv2") for name in convolutions)
    if len(blocks) < 12:
        return {}
    set_identity, silence = pages.values("06", ("set_identity", "silence"))
    delete = set_identity if model.name.startswith("plain") else silence
    found, before = {}, model.get_weights()
    for block in blocks:
        *_, channels, filters = model.get_layer(f"{block}_conv1").kernel.shape
        if channels == filters:
            delete(model, block)
            found[block] = metrics.accuracy(model, *test)
            model.set_weights(before)
    return found


def degradation():
    return Experiment(
        name="degradation",
        chapter="06",
        question="Do 56 layers learn worse than 20, and do skips cure it?",
        data_set="cifar10",
        load=cifar10,
        nets={
            f"{kind}-{depth}": partial(build_resnet_cifar, depth=depth, shortcut=shortcut)
            for kind, shortcut in (("plain", None), ("residual", "padding"))
            for depth in (20, 56)
        },
        config=RESNET,
        minutes=200,
        seeds=(0,),
        measures=without_blocks,
        keep=("residual-20", "residual-56"),
    )


def degradation_small():
    """The same nets, half as wide, on averages of 2×2 pixels: cheap enough for five seeds."""

    (halved,) = pages.values("06", ("halved",))

    def load():
        return tuple((halved(images), labels) for images, labels in cifar10())

    return replace(
        degradation(),
        name="degradation_small",
        load=load,
        nets={
            name: partial(build, (16, 16, 3), width=0.5)
            for name, build in degradation().nets.items()
        },
        config=replace(RESNET, epochs=40),
        minutes=540,
        seeds=SEEDS,
        measures=None,
        keep=(),
    )


def four_layers(activation):
    """Three convolutions and a dense layer: the paper says no more of its net (Fig. 1)."""
    net = keras.Sequential([keras.Input((32, 32, 3))], name=f"four_layers_{activation}")
    for filters in (32, 32, 64):
        net.add(layers.Conv2D(filters, 5, padding="same", activation=activation))
        net.add(layers.MaxPooling2D(2))
    net.add(layers.Flatten())
    net.add(layers.Dense(10, activation="softmax"))
    return net


def relu_against_tanh():
    builders = {activation: partial(four_layers, activation) for activation in ("relu", "tanh")}
    return Experiment(
        name="relu_against_tanh",
        chapter="02",
        question="How many epochs until 25% training error, each activation at its best rate?",
        data_set="cifar10",
        load=cifar10,
        nets=at_rates(builders, (0.0025, 0.005, 0.01, 0.02, 0.04)),
        config=TrainingConfig(epochs=15, batch_size=128),
        minutes=250,
        seeds=(0, 1, 2),
    )


def alexnet_parts():
    """Chapter 02's narrow AlexNet with each of its parts switched on alone."""
    live = pages.comparisons("02")
    nets = live["overfitting"][1]["nets"] | live["small_change"][1]["nets"]
    return Experiment(
        name="alexnet_parts",
        chapter="02",
        question="What does each part of AlexNet change, on all of CIFAR-10?",
        data_set="cifar10",
        load=cifar10,
        nets=nets,
        config=replace(live["small_change"][1]["config"], epochs=20, batch_size=128),
        minutes=65,
        seeds=(0, 1, 2),
    )


def depth_pays():
    """VGG's nets, a quarter as wide, with batch normalisation and without, at three rates each."""
    builders = {
        f"{key}{name}": partial(build_vgg, (32, 32, 3), 10, configuration=key, **SMALL_VGG, **style)
        for name, style in (("", {}), (", batch norm.", {"normalisation": "batch"}))
        for key in "ABDE"
    }
    return Experiment(
        name="depth_pays",
        chapter="04",
        question="Do deeper VGG nets make fewer errors, each at its best rate?",
        data_set="cifar10",
        load=cifar10,
        nets=at_rates(builders, (0.01, 0.03, 0.1)),
        config=replace(RESNET, epochs=30),
        minutes=1300,
        seeds=(0, 1, 2),
    )


def inception_forms():
    """Chapter 05's small nets on CIFAR-10, the squeezed one also twice as wide."""
    return replace(
        squeeze_twice_as_wide(),
        name="inception_forms",
        question="What do extra 1×1 layers gain, and what does squeezing cost, at length?",
        data_set="cifar10",
        load=cifar10,
        config=replace(RESNET, epochs=20),
        minutes=130,
        seeds=(0, 1, 2),
    )


def cifar100():
    """All of CIFAR-100, normalised: 50,000 images to train, 10,000 to test."""
    return _normalised(*data.load("cifar100"))


def top_5(model, test):
    """The share of the test images whose class is among the five best guesses."""
    images, labels = test
    return {"top-5": 1 - metrics.top_k_error(labels, metrics.probabilities(model, images))}


def scratch_cifar100():
    """ResNet-20 from nothing: as the tutorial of chapter 07 trained, and with a recipe."""
    build = partial(build_resnet_cifar, classes=100, depth=20)
    tutorial = {"batch_size": 32, "optimizer": "adam", "learning_rate": 1e-4, "weight_decay": 0.0}
    tutorial |= {"schedule": "constant", "warmup_epochs": 0, "augmentation": "none"}
    return Experiment(
        name="scratch_cifar100",
        chapter="07",
        question="The same small net, the same ten epochs: what does the recipe change?",
        data_set="cifar100",
        load=cifar100,
        nets={"the tutorial's settings": (build, tutorial), "a recipe": build},
        config=replace(RESNET, epochs=10),
        minutes=80,
        seeds=(0, 1, 2),
        measures=top_5,
    )


def fast():
    """CIFAR-10 as fast as this course can."""
    return Experiment(
        name="fast",
        chapter="08",
        question="How soon does a processor reach 94% on CIFAR-10?",
        data_set="cifar10",
        load=cifar10,
        nets={"fast": partial(build_fast, whiten=first_images)},
        config=FAST,
        minutes=225,
        seeds=SEEDS,
        measures=in_views,
        keep=("fast",),
        curves=False,
    )


def fast_wider():
    """airbench95's filters and epochs (arXiv:2404.00498, section 4), with our recipe."""
    return replace(
        fast(),
        name="fast_wider",
        question="What does the next percent cost?",
        nets={"wider": partial(build_fast, filters=(128, 384, 384), whiten=first_images)},
        config=replace(FAST, epochs=15, sizes=((24, 7), (28, 3))),
        minutes=90,
        seeds=(0, 1, 2),
        keep=(),
    )


def fast_choices():
    """Cheaper forms of the recipe, judged by training images that are kept back.

    The test images then answer for one configuration only.
    """
    build = partial(build_fast, whiten=first_images)
    smaller = FAST.batch_size // 2
    half = {"batch_size": smaller, "learning_rate": FAST.learning_rate / 2}
    return replace(
        fast(),
        name="fast_choices",
        question="What would fewer epochs, fewer filters or smaller batches cost?",
        load=kept_back,
        nets={
            "as it is": build,
            "8 epochs": (build, {"epochs": 8, "sizes": ((24, 4), (28, 2))}),
            "128 filters at the end": partial(build, filters=(64, 256, 128)),
            "batches of 1,000": (build, half | {"weight_decay": FAST.weight_decay / 2}),
        },
        minutes=90,
        seeds=(0, 1, 2),
        keep=(),
    )


def kept_back():
    """CIFAR-10's training images: 45,000 to train, and the last 5,000 to choose by."""
    images, labels = cifar10()[0]
    return (images[:45_000], labels[:45_000]), (images[45_000:], labels[45_000:])


def fast_pair():
    """The recipe and the control in PyTorch, an epoch each in turn."""
    return replace(
        fast(),
        name="fast_pair",
        question="How much less does it take than airbench94's first form in PyTorch?",
        minutes=120,
        keep=(),
        rival=torch_control,
    )


def torch_control(train, seed):
    """It needs PyTorch, which the course does not install."""
    if not importlib.util.find_spec("torch"):
        raise OSError("the record fast_pair needs PyTorch: install torch, and run it again")
    from tools.torch_control import Control

    return Control(train, seed, bfloat16=policy(FAST.precision) == "mixed_bfloat16")


def fast_cifar100():
    """The same recipe, the same net, and ten times as many classes."""
    return replace(
        fast(),
        name="fast_cifar100",
        question="How far does the same recipe come on CIFAR-100?",
        data_set="cifar100",
        load=cifar100,
        nets={"fast": partial(build_fast, classes=100, whiten=partial(first_images, cifar100))},
        minutes=135,
        seeds=(0, 1, 2),
        measures=lambda model, test: in_views(model, test) | top_5(model, test),
    )


def first_epoch():
    """One epoch of two tutorials' nets on CIFAR-100: VGG-16 from three starts, and ResNet-50."""
    vgg, resnet = MODELS["vgg16_cifar100"], MODELS["resnet50_cifar100"]
    starts = {
        "Glorot": {"initializer": "glorot_uniform"},
        "He": {"initializer": "he_normal"},
        "He, batch norm.": {"initializer": "he_normal", "normalisation": "batch"},
    }
    return Experiment(
        name="first_epoch",
        chapter="08",
        question="What had two tutorials' nets learned after one epoch, apart from their penalty?",
        data_set="cifar100",
        load=cifar100,
        nets={f"VGG-16, {start}": partial(vgg, **style) for start, style in starts.items()}
        | {"ResNet-50, He, L2": resnet},
        config=TrainingConfig(epochs=1, batch_size=32, optimizer="adam", learning_rate=0.001),
        minutes=180,
        seeds=(0, 1, 2),
        measures=parts_of_the_loss,
    )


def parts_of_the_loss(model, test):
    """Cross-entropy on the test images, and the L2 penalty that Keras adds to it in training."""
    images, labels = test
    probabilities = metrics.probabilities(model, images)
    right = probabilities[np.arange(len(labels)), labels]
    entropy = -np.log(np.maximum(right, 1e-7)).mean()  # Keras's limit, too
    return {"cross-entropy": float(entropy), "L2 penalty": float(sum(model.losses))}


def ladder():
    """Chapter 08's rungs on all of CIFAR-10, in a longer training."""
    climb, steps, recipe = pages.values("08", ("climb", "steps", "recipe_2012"))
    steps = steps | {
        "whitening": ({"whiten": first_images}, {}),
        "growing size": ({}, {"sizes": ((24, 5), (28, 2))}),
    }
    return Experiment(
        name="ladder",
        chapter="08",
        question="From the recipe of 2012 to that of 2024: what does each rung give in ten epochs?",
        data_set="cifar10",
        load=cifar10,
        nets=climb(steps),
        config=replace(recipe, epochs=10, batch_size=128),
        minutes=250,
        seeds=(0, 1, 2),
        measures=in_views,
    )


def first_images(load=cifar10):
    """What the first layer is made from."""
    return load()[0][0][:5000]


def in_views(model, test):
    """Test accuracy with each kind of views, and the seconds that the last kind took."""
    found = {}
    for views in metrics.VIEWS:
        start = time.perf_counter()
        found[views] = metrics.accuracy(model, *test, views)
    return found | {"seconds for the views": time.perf_counter() - start}


def features_cifar100():
    """One linear layer on what chapter 07's frozen net makes of CIFAR-100."""
    seconds = {}

    def load():
        start = time.perf_counter()
        names = ("seen_by_lite0", "as_lite0_wants")
        seen, prepare = pages.values("07", names)
        pairs = []
        for images, labels in data.load("cifar100"):
            parts = [images[i : i + 5000] for i in range(0, len(images), 5000)]
            pairs.append((np.concatenate([seen(prepare(part))[1] for part in parts]), labels))
        seconds["seconds for the features"] = time.perf_counter() - start
        return tuple(pairs)

    def linear():
        return keras.Sequential([keras.Input((1280,)), layers.Dense(100, activation="softmax")])

    return Experiment(
        name="features_cifar100",
        chapter="07",
        question="How far does one linear layer come on the features of a frozen ImageNet net?",
        data_set="cifar100",
        load=load,
        nets={"frozen Lite0 and a linear layer": linear},
        config=TrainingConfig(
            epochs=15, optimizer="adam", learning_rate=0.001, schedule="cosine", weight_decay=1e-5
        ),
        minutes=10,
        seeds=SEEDS,
        measures=lambda model, test: top_5(model, test) | seconds,
    )


def few(n):
    """Two nets from nothing, for chapter 07's comparison with few pictures."""
    names = ("rival", "recipe", "x_train", "y_train", "x_test", "y_test")
    rival, recipe, x_train, y_train, x_test, y_test = pages.values("07", names)
    return Experiment(
        name=f"few_{n}",
        chapter="07",
        question=f"How good is a net from nothing with {n} pictures?",
        data_set="shapes10",
        load=lambda: ((x_train[:n], y_train[:n]), (x_test, y_test)),
        nets={
            "ResNet-20, half as wide": rival["from nothing"],
            "ResNet-8": (partial(build_resnet_cifar, depth=8), {"learning_rate": 0.1}),
        },
        config=recipe if n < 500 else replace(recipe, epochs=40, batch_size=25),
        minutes=n // 50,
        seeds=SEEDS,
    )


# Widths at which each net has 20 million multiply-adds for an image of 32×32.
FAMILIES = {
    "AlexNet": partial(build_alexnet, (32, 32, 3), 10, width=0.583, fc=512, stem=(3, 2)),
    "NiN": partial(build_nin, width=0.293),
    "VGG-16": partial(build_vgg, (32, 32, 3), 10, configuration="D", width=0.253, fc=256),
    "GoogLeNet": partial(build_googlenet, (32, 32, 3), 10, width=0.117, stem="small"),
    "plain-20": partial(build_resnet_cifar, depth=20, shortcut=None, width=0.714),
    "ResNet-20": partial(build_resnet_cifar, depth=20, width=0.714),
}


def families():
    """A net of each family: the same work an image, the same recipe, batch normalisation in all."""
    return Experiment(
        name="families",
        chapter="01",
        question="What does each family make of the same work?",
        data_set="cifar10",
        load=cifar10,
        nets={name: partial(build, normalisation="batch") for name, build in FAMILIES.items()},
        config=RESNET,
        minutes=300,
        seeds=(0, 1, 2),
        keep=("ResNet-20",),
    )


def stripes(n, seed):
    """Discs of stripes, uint8 (n, 96, 96, 3): five periods of 4 to 8 pixels, two directions."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 10
    y, x = np.mgrid[:96, :96]

    def each(low, high):
        return random.uniform(low, high, (n, 1, 1))

    period, direction = 4 + labels // 2, labels % 2 * np.pi / 2
    angle = direction[:, None, None] + each(-0.15, 0.15)
    along = x * np.cos(angle) + y * np.sin(angle)
    waves = np.sin(2 * np.pi * along / period[:, None, None] + each(0, 2 * np.pi))
    inside = (x - each(30, 66)) ** 2 + (y - each(30, 66)) ** 2 < each(16, 28) ** 2
    grey = 0.5 + each(0.1, 0.25) * waves * inside
    colours, images = random.uniform(-0.15, 0.15, (n, 1, 1, 3)), np.empty((n, 96, 96, 3), np.uint8)
    for i in range(0, n, 250):  # all at once would take gigabytes
        some = grey[i : i + 250, ..., None] + colours[i : i + 250]
        some += random.normal(0, 0.2, some.shape)
        images[i : i + 250] = np.rint(255 * some.clip(0, 1))
    return images, labels.astype(np.uint8)


def finer_stem():
    """AlexNet's and ZFNet's first two layers where the stripes' period is the answer."""
    narrow = {"width": 0.25, "fc": 128, "dropout": 0.0, "lrn": False}
    return Experiment(
        name="finer_stem",
        chapter="03",
        question="Does the stride of 4 cost accuracy where aliasing decides?",
        data_set="stripes",
        load=lambda: _normalised(stripes(4000, 0), stripes(1000, 1)),
        nets={
            "11×11, stride 4": partial(build_alexnet, (96, 96, 3), 10, **narrow),
            "7×7, stride 2": partial(build_zfnet, (96, 96, 3), 10, **narrow),
        },
        config=TrainingConfig(epochs=15, batch_size=64, optimizer="adam", learning_rate=1e-3),
        minutes=20,
        seeds=SEEDS,
    )


ALL = (
    vgg_rates,
    squeeze_twice_as_wide,
    heads,
    finer_stem,
    degradation,
    degradation_small,
    relu_against_tanh,
    alexnet_parts,
    depth_pays,
    inception_forms,
    families,
    scratch_cifar100,
    features_cifar100,
    fast,
    fast_wider,
    fast_choices,
    fast_pair,
    fast_cifar100,
    ladder,
    first_epoch,
)
EXPERIMENTS = {build.__name__: build for build in ALL}
EXPERIMENTS |= {f"few_{n}": partial(few, n) for n in (50, 100, 500)}
