"""Draw the pictures in images/: `make figures`."""

from functools import partial

from course_lib.figures import charts, drawings
from course_lib.figures.display import DPI
from tools.notebooks import ROOT

FIGURES = {
    "ilsvrc": charts.ilsvrc,
    "error_and_cost": charts.error_and_cost,
    "sliding_kernel": drawings.sliding_kernel,
    "alexnet_to_scale": drawings.alexnet_to_scale,
    "two_towers": drawings.two_towers,
    "mlpconv": drawings.mlpconv,
    "receptive_field": partial(drawings.receptive_field_pyramid, (3, 3, 3)),
    "stacks": drawings.stacks_side_by_side,
    "vgg16_and_googlenet": drawings.vgg16_and_googlenet,
    "inception_modules": drawings.inception_modules,
    "inception_v3_modules": drawings.inception_v3_modules,
    "residual_blocks": drawings.residual_blocks,
    "residual_paths": drawings.residual_paths,
    "plain_and_residual": drawings.plain_and_residual,
}

if __name__ == "__main__":
    for name, draw in FIGURES.items():
        path = ROOT / "images" / f"{name}.png"
        draw().savefig(path, dpi=DPI, metadata={"Software": None})
        print(path.relative_to(ROOT))
