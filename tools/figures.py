"""Draw the pictures in images/, which the README shows: `make figures`."""

from course_lib.figures import charts
from course_lib.figures.display import DPI
from tools.notebooks import ROOT

FIGURES = {"ilsvrc": charts.ilsvrc, "error_and_cost": charts.error_and_cost}

if __name__ == "__main__":
    for name, draw in FIGURES.items():
        path = ROOT / "images" / f"{name}.png"
        draw().savefig(path, dpi=DPI, metadata={"Software": None})
        print(path.relative_to(ROOT))
