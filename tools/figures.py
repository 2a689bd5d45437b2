"""Draw the README's pictures and compute the gradients of chapter 06's explorer: `make figures`."""

import json
from itertools import product

from course_lib.figures import charts, widgets
from course_lib.figures.display import DPI
from tools.notebooks import ROOT

FIGURES = {"ilsvrc": charts.ilsvrc, "error_and_cost": charts.error_and_cost}

if __name__ == "__main__":
    for name, draw in FIGURES.items():
        path = ROOT / "images" / f"{name}.png"
        draw().savefig(path, dpi=DPI, metadata={"Software": None})
        print(path.relative_to(ROOT))
    nets = [dict(zip(widgets.NETS, net, strict=True)) for net in product(*widgets.NETS.values())]
    norms = {
        widgets.name_of_net(**net): [float(f"{n:.3g}") for n in widgets.first_gradients(**net)]
        for net in nets
    }
    path = ROOT / "course_lib" / "figures" / "gradients.json"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(norms[name])}" for name in norms)
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8", newline="\n")
    print(path.relative_to(ROOT))
