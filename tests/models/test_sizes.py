"""Wrong arguments name the rule and the value; the smallest image follows from the net."""

import re

import keras
import pytest

from course_lib.models import MODELS, outline
from course_lib.models.alexnet import build_alexnet
from course_lib.models.inception import build_googlenet
from course_lib.models.nin import build_nin
from course_lib.models.resnet import build_resnet, build_resnet_cifar
from course_lib.models.sizes import takes_images
from course_lib.models.vgg import build_stack, build_vgg


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MODELS["lenet5"]((15, 32, 1)), "at least 16×16.*got 15×32"),
        (
            lambda: MODELS["lenet5"](classes=1),
            "classes must be a whole number of at least 2, got 1",
        ),
        (lambda: build_alexnet((66, 227, 3)), r"at least 67×67.*got 66×227"),
        (lambda: build_alexnet((32, 32, 3)), "smaller stem"),
        (lambda: build_alexnet(groups=3), "groups must be one of 1, 2, got 3"),
        (lambda: build_alexnet(width=0.01, groups=2), "width must leave.*multiple of 2.*got 0.01"),
        (lambda: build_alexnet(width=0), "width must leave each layer a filter, got 0"),
        (lambda: MODELS["alexnet_blog"]((34, 34, 3)), "35×35.*got 34×34"),
        (lambda: MODELS["zfnet"]((32, 32, 3)), "at least .*got 32×32"),
        (lambda: build_nin((6, 32, 3)), "at least 7×7.*got 6×32"),
        (lambda: build_nin(width=0.001), "width must leave each layer a filter, got 0.001"),
        (
            lambda: build_vgg(configuration="F"),
            "configuration must be one of A, A-LRN, B, C, D, E, got 'F'",
        ),
        (lambda: build_vgg((31, 32, 3)), "at least 32×32.*got 31×32"),
        (lambda: build_vgg(input_shape=(32, 32)), "must be .height, width, channels.*got .32, 32"),
        (lambda: build_vgg(normalisation="layer"), "must be one of batch, None, got .layer"),
        (lambda: build_stack((4, 4, 3)), "at least 5×5.*got 4×4"),
        (lambda: build_googlenet((16, 16, 3)), "at least 17×17.*got 16×16"),
        (lambda: build_googlenet((64, 64, 3), auxiliary=True), "at least .*got 64×64"),
        (lambda: build_googlenet(stem="tiny"), "stem must be one of large, small, got 'tiny'"),
        (lambda: build_resnet(depth=20), "depth must be one of 18, 34, 50, 101, 152, got 20"),
        (lambda: build_resnet((16, 16, 3)), "at least 17×17.*got 16×16"),
        (lambda: build_resnet(stride_on=2), "stride_on must be one of 1, 3, got 2"),
        (lambda: build_resnet(shortcut="option A"), "shortcut must be one of projection, padding"),
        (lambda: build_resnet(classes=0), "got 0"),
        (lambda: build_resnet_cifar(depth=21), r"6n \+ 2.*got 21"),
        (lambda: build_resnet_cifar(depth=2), r"6n \+ 2.*got 2"),
        (lambda: build_resnet_cifar((2, 2, 3)), "at least 3×3.*got 2×2"),
        (lambda: MODELS["inception_v3"](classes=1), "got 1"),
        (lambda: MODELS["inception_v3"]((74, 75, 3)), "at least 75×75.*got 74×75"),
    ],
)
def test_wrong_arguments_name_the_rule_and_the_value(build, message):
    with pytest.raises(ValueError, match=message):
        build()


FAMILIES = {
    **{
        f"alexnet {stem}": lambda size, stem=stem: build_alexnet(
            (size, size, 3), 10, width=0.125, fc=8, stem=stem
        )
        for stem in [(11, 4), (5, 2), (3, 2), (5, 1)]
    },
    "alexnet_blog": lambda size: MODELS["alexnet_blog"]((size, size, 3), 10, width=0.1, fc=8),
    "zfnet": lambda size: MODELS["zfnet"]((size, size, 3), 10, width=0.1, fc=8),
    "zfnet_blog": lambda size: MODELS["zfnet_blog"]((size, size, 3), 10, width=0.1, fc=8),
    "nin": lambda size: build_nin((size, size, 3), width=0.1),
    "vgg": lambda size: build_vgg((size, size, 3), 10, width=0.1, fc=8),
    "googlenet": lambda size: build_googlenet((size, size, 3), 10, width=0.1),
    "googlenet, heads": lambda size: build_googlenet(
        (size, size, 3), 10, width=0.1, auxiliary=True
    ),
    "googlenet, small": lambda size: build_googlenet((size, size, 3), 10, width=0.1, stem="small"),
    "resnet": lambda size: build_resnet((size, size, 3), 10, depth=18, width=0.1),
    "resnet_cifar": lambda size: build_resnet_cifar((size, size, 3), depth=8),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_smallest_image_that_the_error_names_does(name):
    build = FAMILIES[name]
    with pytest.raises(ValueError, match="at least") as error:
        build(2)
    smallest = int(re.search(r"at least (\d+)×", str(error.value)).group(1))
    model = outline(lambda: build(smallest))
    assert all(0 not in layer.output.shape for layer in model.layers)
    with pytest.raises(ValueError, match=f"at least {smallest}×.*got {smallest - 1}×"):
        build(smallest - 1)


def test_both_sides_count_and_oblong_images_do():
    assert outline(lambda: build_vgg((32, 300, 3))).input_shape == (None, 32, 300, 3)
    with pytest.raises(ValueError, match=r"at least 32×32.*got 300×31"):
        build_vgg((300, 31, 3), width=0.1, fc=8)


@pytest.mark.parametrize(
    "shape", [(32, 32), (32, 32, 3, 1), (None, None, 3), (0, 32, 3), 32, "abc"]
)
def test_input_shape_is_three_whole_numbers(shape):
    with pytest.raises(ValueError, match=r"input_shape must be .height, width, channels.*got"):
        build_resnet_cifar(shape)


def test_the_error_says_what_to_do():
    with pytest.raises(ValueError, match=r"17×17.*got 4×4; take larger images or a smaller stem$"):
        build_googlenet((4, 4, 3), width=0.1)
    with pytest.raises(ValueError, match=r"got 2×2; take larger images$"):
        build_resnet_cifar((2, 2, 3))


def test_an_error_that_no_size_mends_stays_as_it_is():
    tried = []

    @takes_images
    def build(input_shape, classes=10):
        tried.append(input_shape)
        raise ValueError("something else")

    with pytest.raises(ValueError, match=r"^something else$"):
        build((32, 32, 3))
    assert len(tried) < 10
    with pytest.raises(ValueError, match="ctivation"):
        build_nin(width=0.1, activation="no such function")


def test_an_image_that_fits_is_built_once():
    built = []

    @takes_images
    def build(input_shape):
        image = keras.Input(input_shape)
        built.append(input_shape)
        return keras.Model(image, keras.layers.MaxPooling2D(2)(image))

    build((2, 2, 3))
    assert built == [(2, 2, 3)]
