"""VGG-16 and GoogLeNet whole, from the image to the classes."""

from course_lib.figures.drawings.canvas import arrow, box, canvas, write
from course_lib.figures.style import millions
from course_lib.measure.tables import side_by_side
from course_lib.models import MODELS
from course_lib.models.inception import AUXILIARY_AFTER, STAGES
from course_lib.models.vgg import CONFIGURATIONS, FILTERS

STEP = 0.42  # inches from box to box


def vgg16_and_googlenet():
    """VGG-16, layer by layer, beside GoogLeNet with its two auxiliary heads, module by module.

    Sizes of maps are on the left. Response normalisation and dropout are left out; GoogLeNet's
    parameters are without the heads. Sources: arXiv:1409.1556 and arXiv:1409.4842, Tables 1.
    """
    vgg, side = [("image", "map", 224)], 224
    for filters, kernels in zip(FILTERS, CONFIGURATIONS["D"], strict=True):
        vgg += [(f"{kernel}×{kernel}, {filters}", "conv", side) for kernel in kernels]
        side //= 2
        vgg.append(("max pool, /2", "pool", side))
    vgg += [(f"dense, {units}", "dense", None) for units in (4096, 4096, 1000)]
    googlenet = [("image", "map", 224), ("7×7, 64, /2", "conv", 112), ("max pool, /2", "pool", 56)]
    googlenet += [("1×1, 64", "conv", 56), ("3×3, 192", "conv", 56), ("max pool, /2", "pool", 28)]
    side, heads = 28, []
    for stage, modules in STAGES.items():
        for letter, (one, _, three, _, five, project) in modules.items():
            if f"stage{stage}_block{letter}" in AUXILIARY_AFTER:
                heads.append(len(googlenet))
            out = one + three + five + project
            googlenet.append((f"module {stage}{letter}, {out}", "join", side))
        if stage < max(STAGES):
            side //= 2
            googlenet.append(("max pool, /2", "pool", side))
    googlenet += [("average pool", "pool", 1), ("dense, 1000", "dense", None)]
    counts = side_by_side({name: MODELS[name] for name in ("vgg_d", "googlenet")}).parameters
    height = STEP * len(vgg) + 1.5
    fig, ax = canvas(height, "VGG-16 ends in three dense layers, GoogLeNet in an average")
    top, million = height - 1.2, counts.map(millions)
    last = _column(ax, 1.9, top, "VGG-16", vgg)[-1]
    write(ax, last.x, last.bottom - 0.2, f"{million['vgg_d']} million parameters")
    boxes = _column(ax, 5.1, top, "GoogLeNet", googlenet)
    write(ax, 5.1, boxes[-1].bottom - 0.2, f"{million['googlenet']} million parameters")
    head = [("average 5×5, /3", "pool", None), ("1×1, 128", "conv", None)]
    head += [(f"dense, {units}", "dense", None) for units in (1024, 1000)]
    for place, up in zip(heads, (2, 0), strict=True):
        start, top = boxes[place], boxes[place].y + up * STEP  # room for the next head below
        first, *_ = _column(ax, 7.9, top, "auxiliary head", head)
        arrow(ax, (start.right, start.y), (6.5, start.y), (6.5, top), (first.left, top))
    return fig


def _column(ax, x, top, name, layers):
    """Layers below their net's name, from top to bottom. Returns their boxes."""
    write(ax, x, top + 0.36, name, weight="bold")
    boxes, shown = [], None
    for i, (text, kind, side) in enumerate(layers):
        boxes.append(box(ax, x, top - STEP * i, text, kind, 1.7, 0.32))
        if i:
            arrow(ax, (x, boxes[-2].bottom), (x, boxes[-1].top))
        if side not in (shown, None):
            write(ax, boxes[-1].left - 0.1, boxes[-1].y, f"{side}×{side}", ha="right")
            shown = side
    return boxes
