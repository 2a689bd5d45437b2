"""Install the course from this folder, without a network, and open it: python3 start.py

Standard library only. A second start finds everything installed.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COURSE = HERE / "course"


def check(made_for):
    """End with a sentence if the packages are for another system, or another Python."""
    python = ".".join(platform.python_version_tuple()[:2])
    here = {"system": platform.system(), "machine": platform.machine(), "python": python}
    if here != made_for:
        words = "{system} on {machine} with Python {python}"
        fits, found = words.format(**made_for), words.format(**here)
        sys.exit(
            f"The packages in this folder are for {fits}, and this is {found}: start it with that "
            "Python, or make the folder on such a computer, with `make bundle`."
        )


def environment():
    """What pip and the course look at: the packages and the data of this folder, and no others."""
    settings = dict(os.environ)
    for name in [name for name in settings if name.startswith("PIP_")]:
        del settings[name]
    settings["PIP_CONFIG_FILE"] = os.devnull
    settings["PIP_NO_INDEX"] = "1"
    settings["PIP_FIND_LINKS"] = (HERE / "wheels").as_uri()  # a path may hold spaces
    if (HERE / "data").exists():
        settings["COURSE_DATA_DIR"] = str(HERE / "data")
    return settings


if __name__ == "__main__":
    check(json.loads((HERE / "made_for.json").read_text()))
    settings = environment()
    made = subprocess.run(
        [sys.executable, str(COURSE / "tools" / "setup_env.py"), sys.executable], env=settings
    )
    if made.returncode:
        sys.exit(made.returncode)
    python = str(COURSE / ".venv" / "bin" / "python")
    os.chdir(COURSE)
    os.execve(python, [python, "-m", "tools.lab", *sys.argv[1:]], settings)
