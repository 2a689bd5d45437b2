"""The architectures of the course, a file per family; `MODELS` maps each name to its builder.

Every builder is called as `build_x(input_shape, classes, *, ...)` and has defaults for both:

- `input_shape`: (height, width, channels) of the images, in pixels.
- `classes`: number of outputs, at least 2. Stacks, modules and nets without a classifier have none.
- `width`: scales the number of filters, for small images and quick experiments.
- `fc`: units of the hidden dense layers. `dropout`: share of values set to zero in training.
  `stem`: a first convolution that suits small images.
- `**style`: what all layers share, the fields of `course_lib.models.blocks.Style`.

It returns a Keras model from images (n, height, width, channels), floats, to class probabilities
(n, classes), float32, unless its docstring says otherwise. Wrong arguments and images too small for
the net's layers raise ValueError, which names the smallest size.

>>> MODELS["lenet5"]().count_params()
61706
>>> MODELS["vgg_d"]((32, 32, 3), 10, width=0.125, fc=64).output_shape
(None, 10)
"""

from functools import partial

from course_lib.models import tutorials
from course_lib.models.alexnet import build_alexnet, build_zfnet
from course_lib.models.fast import build_fast
from course_lib.models.inception import build_googlenet, build_inception_module, build_inception_v3
from course_lib.models.lenet import build_lenet5
from course_lib.models.lite0 import build_lite0
from course_lib.models.nin import build_nin
from course_lib.models.resnet import CIFAR_DEPTHS, DEPTHS, build_resnet, build_resnet_cifar
from course_lib.models.vgg import CONFIGURATIONS, build_stack, build_vgg
from course_lib.models.weightless import outline as outline

MODELS = {
    "lenet5": build_lenet5,
    "alexnet": build_alexnet,
    "alexnet_grouped": partial(build_alexnet, groups=2),
    "zfnet": build_zfnet,
    "nin": build_nin,
    **{
        f"vgg_{name.lower().replace('-', '_')}": partial(build_vgg, configuration=name)
        for name in CONFIGURATIONS
    },
    "stack_5": partial(build_stack, kernels=(5,)),
    "stack_3_3": build_stack,
    "stack_3_3_3": partial(build_stack, kernels=(3, 3, 3)),
    "inception_naive": partial(build_inception_module, widths=(3, None, 3, None, 3, None)),
    "inception_reduced": build_inception_module,
    "googlenet": build_googlenet,
    "googlenet_aux": partial(build_googlenet, auxiliary=True),
    "inception_v3": build_inception_v3,
    **{f"resnet{depth}": partial(build_resnet, depth=depth) for depth in DEPTHS},
    **{f"plain{depth}": partial(build_resnet, depth=depth, shortcut=None) for depth in (18, 34)},
    **{
        f"{kind}{depth}_cifar": partial(build_resnet_cifar, depth=depth, **changes)
        for kind, changes in {
            "resnet": {},
            "plain": {"shortcut": None},
            "preact": {"preactivation": True},
        }.items()
        for depth in CIFAR_DEPTHS
    },
    "lite0": build_lite0,
    "fast": build_fast,
    **tutorials.NETS,
}
