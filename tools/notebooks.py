"""What the notebooks' tools and tests share: where they are, and how their kernels run."""

import os
import tempfile
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"

# nbval's kernels and those of `make refresh` run alike, so that their outputs agree.
KERNEL_ENV = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's log lines name the machine
    "TQDM_DISABLE": "1",  # a progress bar's last state is a time
    "JUPYTER_PREFER_ENV_PATH": "1",  # .venv's kernel, not one that the user registered
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def use_kernel_env():
    """Set it for this process; gives the temporary folder that it needs, to be kept meanwhile."""
    os.environ.update(KERNEL_ENV)
    os.environ.pop("JUPYTER_PATH", None)
    folder = tempfile.TemporaryDirectory(prefix="course-ipython-", ignore_cleanup_errors=True)
    os.environ["IPYTHONDIR"] = folder.name  # not the user's, where start-up files may be
    return folder


def peak_mb(pid):
    """The most memory that a process held, in MB; on a system that keeps no peak, what it holds."""
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
