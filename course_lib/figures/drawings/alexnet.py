"""AlexNet: its two halves on two GPUs, and its maps to scale."""

from matplotlib.patches import Polygon

from course_lib.figures.drawings.canvas import LINE, arrow, box, canvas, write
from course_lib.figures.style import TINTS, WIDTH
from course_lib.measure.tables import model_table
from course_lib.models.alexnet import ALEXNET, build_alexnet


def two_towers():
    """AlexNet as published, on two GPUs: which layer sees which half of the maps before it.

    Boxes hold the number of kernels or units; the text below says what one of them sees (NIPS 2012,
    section 3.5 and Fig. 2).
    """
    fig, ax = canvas(4.3, "Two GPUs: only conv3 and the dense layers see both halves")
    step, towers = WIDTH / 9, (2.9, 1.6)
    size = {"width": 0.72, "height": 0.6}
    write(ax, step / 2, 0.65, "each\nsees")
    for y, name in zip(towers, ("GPU 1", "GPU 2"), strict=True):
        write(ax, step / 2, y, name, weight="bold")
    below = [box(ax, step / 2, sum(towers) / 2, "image", "map", **size)] * 2
    table = enumerate(ALEXNET, start=1)
    layers = [(f"conv{i}", n, side, not grouped) for i, (n, side, _, _, grouped, _) in table]
    layers += [("fc6", 4096, None, True), ("fc7", 4096, None, True), ("fc8", 1000, None, True)]
    maps = 3  # channels of the image; later, maps or units in both halves
    for i, (name, units, side, both) in enumerate(layers, start=1):
        x, kind = step * (i + 0.5), "conv" if side else "dense"
        write(ax, x, towers[0] + 0.6, name, weight="bold")
        if name == "fc8":
            boxes = [box(ax, x, sum(towers) / 2, f"{units}", kind, **size)] * 2
        else:
            boxes = [box(ax, x, y, f"{units // 2}", kind, **size) for y in towers]
        ways = {(below[j], boxes[k]) for j in range(2) for k in range(2) if both or j == k}
        for start, end in sorted(ways):
            arrow(ax, (start.right, start.y), (end.left, end.y))
        seen = maps if both else maps // 2
        write(ax, x, 0.65, f"{side}×{side}×{seen}" if side else f"all\n{seen:,}")
        below, maps = boxes, units * (6 * 6 if name == "conv5" else 1)  # 6×6 maps after the pool
    return fig


def alexnet_to_scale():
    """AlexNet's maps to scale: a box's height is the map's side, its length the channels.

    A dense layer is a bar whose height is its number of units, on another scale.
    """
    fig, ax = canvas(5.4, "AlexNet to scale: from large, thin maps to small, deep ones")
    sizes = model_table(build_alexnet)["output_shape"].str.split(" x ")
    layers = ["image", *(f"conv{i}" for i in range(1, 6)), "pool5", "fc6", "fc7", "probabilities"]
    middle, inch, channel, unit = 2.7, 2.6 / 227, 0.7 / 384, 2.6 / 4096
    kinds = {"image": "map", "pool5": "pool"}
    for i, layer in enumerate(layers):
        x, size = 0.55 + 0.88 * i, [int(number) for number in sizes[layer]]
        write(ax, x, 4.6, "fc8" if layer == "probabilities" else layer, weight="bold")
        if len(size) == 1:
            height, shift, long, kind = size[0] * unit, 0, 0.2, "dense"
            write(ax, x, 0.75, f"{size[0]:,}")
        else:
            height, long, kind = size[0] * inch, size[2] * channel, kinds.get(layer, "conv")
            shift = 0.12 * height  # of the far side, to the right and up
            write(ax, x, 0.75, f"{size[0]}×{size[1]}")
            write(ax, x, 0.45, f"×{size[2]}")
        left, low = x - (long + shift) / 2, middle - (height + shift) / 2
        right, high = left + long, low + height
        front = [(left, low), (right, low), (right, high), (left, high)]
        roof = [front[3], front[2], (right + shift, high + shift), (left + shift, high + shift)]
        flank = [front[1], (right + shift, low + shift), roof[2], front[2]]
        for side in (front, roof, flank):
            ax.add_patch(Polygon(side, facecolor=TINTS[kind], edgecolor=LINE))
    return fig
