"""Draw the pictures in images/: `make figures`."""

import os
from functools import partial

from course_lib.figures import charts, drawings
from course_lib.figures.display import DPI
from tools.notebooks import ROOT

FIGURES = {
    "ilsvrc.png": charts.ilsvrc,
    "error_and_cost.png": charts.error_and_cost,
    "sliding_kernel.png": drawings.sliding_kernel,
    "alexnet_to_scale.png": drawings.alexnet_to_scale,
    "two_towers.png": drawings.two_towers,
    "mlpconv.png": drawings.mlpconv,
    "receptive_field.png": partial(drawings.receptive_field_pyramid, (3, 3, 3)),
    "stacks.png": drawings.stacks_side_by_side,
    "vgg16_and_googlenet.png": drawings.vgg16_and_googlenet,
    "inception_modules.png": drawings.inception_modules,
    "inception_v3_modules.png": drawings.inception_v3_modules,
    "residual_blocks.png": drawings.residual_blocks,
    "residual_paths.png": drawings.residual_paths,
    "plain_and_residual.png": drawings.plain_and_residual,
}


def draw(name):
    path = ROOT / "images" / name
    partial = path.with_name(f".{name}")
    FIGURES[name]().savefig(partial, format="png", dpi=DPI, metadata={"Software": None})
    os.replace(partial, path)
    return path


if __name__ == "__main__":
    for name in FIGURES:
        print(draw(name).relative_to(ROOT))
