"""Draw the pictures in images/: `make figures`."""

import os

from course_lib import plots
from tools.notebooks import ROOT

FIGURES = {"ilsvrc.png": plots.ilsvrc_chart, "error_and_cost.png": plots.error_chart}


def draw(name):
    path = ROOT / "images" / name
    partial = path.with_name(f".{name}")
    FIGURES[name]().savefig(partial, format="png", dpi=plots.DPI, metadata={"Software": None})
    os.replace(partial, path)
    return path


if __name__ == "__main__":
    for name in FIGURES:
        print(draw(name).relative_to(ROOT))
