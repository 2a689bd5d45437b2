"""Write the slides of every notebook into build/slides, or report on them.

    python -m tools.slides [--report] [02]

With --report the decks (or those whose name begins with the argument) are made in a temporary
folder and opened in Chromium: a line for each deck and, for a single one, what to mend.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tools.slides.decks import DECKS, build
from tools.slides.report import print_report


def main():
    parser = argparse.ArgumentParser(prog="make slides", description=__doc__.split("\n")[0])
    parser.add_argument("prefix", nargs="?", default="", help="which decks to report on")
    parser.add_argument("--report", action="store_true", help="open the decks in Chromium")
    arguments = parser.parse_args()
    if not arguments.report:
        build(DECKS)
        print(f"open {DECKS / 'index.html'}")
        return
    with tempfile.TemporaryDirectory() as folder:
        decks = build(Path(folder), arguments.prefix)
        if not decks:
            sys.exit(f"no notebook in notebooks/ starts with {arguments.prefix!r}")
        print_report(decks)


if __name__ == "__main__":
    main()
