"""The architectures of the course, a file a family; `MODELS` maps each name to its builder.

>>> MODELS["lenet5"]().count_params()
61706
>>> MODELS["vgg_d"](input_shape=(32, 32, 3), classes=10, width=0.125, fc=64).output_shape
(None, 10)
"""

from functools import partial

from course_lib.models.alexnet import build_alexnet, build_alexnet_blog, build_zfnet
from course_lib.models.applications import build_inception_v3, build_resnet50_resized
from course_lib.models.inception import build_googlenet, build_inception_module
from course_lib.models.lenet import build_lenet5
from course_lib.models.nin import build_nin, build_nin_blog
from course_lib.models.outlines import outline as outline
from course_lib.models.resnet import DEPTHS, build_resnet, build_resnet_cifar
from course_lib.models.vgg import CONFIGURATIONS, build_stack, build_vgg

CIFAR_DEPTHS = (20, 32, 44, 56, 110)

MODELS = {
    "lenet5": build_lenet5,
    "alexnet": build_alexnet,
    "alexnet_grouped": partial(build_alexnet, groups=2),
    "alexnet_blog": build_alexnet_blog,
    "zfnet": build_zfnet,
    "zfnet_blog": partial(build_zfnet, input_shape=(227, 227, 3), blog=True),
    "nin": build_nin,
    "nin_blog": build_nin_blog,
    **{f"vgg_{c.lower().replace('-', '_')}": partial(build_vgg, c) for c in CONFIGURATIONS},
    "vgg16_cifar100": partial(build_vgg, "D", input_shape=(32, 32, 3), classes=100),
    "stack_5": partial(build_stack, (5,)),
    "stack_3_3": partial(build_stack, (3, 3)),
    "stack_3_3_3": partial(build_stack, (3, 3, 3)),
    "inception_naive": partial(build_inception_module, (3, None, 3, None, 3, None)),
    "inception_reduced": build_inception_module,
    "googlenet": build_googlenet,
    "googlenet_aux": partial(build_googlenet, auxiliary=True),
    "inception_v3": build_inception_v3,
    # Stride on the 3×3, an L2 penalty, and the stem of the large images:
    "resnet50_cifar100": partial(
        build_resnet, 50, input_shape=(32, 32, 3), classes=100, stride_on=3, l2=1e-4
    ),
    "resnet50_64": partial(
        build_resnet, 50, input_shape=(64, 64, 3), classes=6, conv_bias=True, top="flatten"
    ),
    "resnet50_resized_cifar100": build_resnet50_resized,
    **{f"resnet{depth}": partial(build_resnet, depth) for depth in DEPTHS},
    **{f"plain{depth}": partial(build_resnet, depth, shortcut=None) for depth in (18, 34)},
    **{f"resnet{d}_cifar": partial(build_resnet_cifar, d) for d in CIFAR_DEPTHS},
    **{f"plain{d}_cifar": partial(build_resnet_cifar, d, shortcut=None) for d in CIFAR_DEPTHS},
    **{
        f"preact{d}_cifar": partial(build_resnet_cifar, d, preactivation=True) for d in CIFAR_DEPTHS
    },
}
