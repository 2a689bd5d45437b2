"""What tools and tests of the notebooks share: where notebooks are, and how their kernels run."""

import base64
import json
import os
import re
import tempfile
from datetime import date
from html import unescape
from pathlib import Path

import psutil
from archspec.cpu import host

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
TIMES = ROOT / "build" / "notebook_times.json"  # what `make notebooks` measured, for the site

PICTURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="data:(?P<kind>image/[\w+]+);base64,(?P<bytes>[\w+/=]*)"'
)

# nbval's kernels and those of `make refresh` have the same settings, so their outputs agree.
KERNEL_ENV = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's log lines differ between computers
    "TQDM_DISABLE": "1",  # a progress bar ends with a time
    "JUPYTER_PREFER_ENV_PATH": "1",  # .venv's kernel, not one that the user registered
    "COURSE_PROGRESS": "off",  # what is solved in a run of ours is not the user's progress
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def use_kernel_env():
    """Set `KERNEL_ENV` for this process. Returns a temporary folder that it needs: keep it."""
    os.environ.update(KERNEL_ENV)
    os.environ.pop("JUPYTER_PATH", None)
    folder = tempfile.TemporaryDirectory(prefix="course-ipython-", ignore_cleanup_errors=True)
    os.environ["IPYTHONDIR"] = folder.name  # not the user's, which may hold start-up files
    return folder


def peak_mb(pid):
    """A process's peak memory in MB, or its memory now if the system keeps no peak."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.NoSuchProcess:
        return 0.0
    return getattr(memory, "peak_wset", memory.rss) / 2**20


def processor():
    """The name that Linux gives it, or that of its family."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else host().name


def save_times(table):
    """Add what was measured of each notebook to `TIMES`, where the checkout can be written to."""
    if not os.access(ROOT, os.W_OK):
        return
    times = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else {}
    here = {"date": date.today().isoformat(), "processor": processor()}
    times |= {name: {**row, **here} for name, row in table.items()}
    TIMES.parent.mkdir(exist_ok=True)
    TIMES.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


def picture_in(output):
    """An output's picture: its kind, such as "image/png", its bytes and its text. None without one.

    It is the other side of `course_lib.figures.display.picture`.

    >>> picture_in({"data": {"text/html": '<img alt="a &lt; b" src="data:image/png;base64,QQ==">'}})
    ('image/png', b'A', 'a < b')
    """
    found = PICTURE.search("".join(output.get("data", {}).get("text/html", "")))
    return found and (found["kind"], base64.b64decode(found["bytes"]), unescape(found["alt"]))
