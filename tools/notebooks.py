"""What tools and tests of the notebooks share: where notebooks are, and how their kernels run."""

import os
import tempfile
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"

# nbval's kernels and those of `make refresh` have the same settings, so their outputs agree.
KERNEL_ENV = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's log lines differ between computers
    "TQDM_DISABLE": "1",  # a progress bar ends with a time
    "JUPYTER_PREFER_ENV_PATH": "1",  # .venv's kernel, not one that the user registered
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
