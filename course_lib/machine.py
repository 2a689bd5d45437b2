"""What this computer offers the course: versions, processor, memory."""

import importlib.metadata
import os
import platform
from pathlib import Path

import pandas as pd
import psutil
from archspec.cpu import host
from archspec.cpu.detect import detected_info

ENOUGH_MEMORY_GIB = 4  # each open chapter holds 0.9 to 1.9 GB; browser and system need theirs
VECTOR_INSTRUCTIONS = ("avx2", "avx512f", "amx_tile", "neon", "asimd")
BFLOAT16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # Intel and AMD; Arm: bf16
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "matplotlib")
# Linux limits the memory of groups of processes: containers, jobs on a cluster, users. Two
# versions of it name the limit, the use, and the cached files in that use, which can be freed.
CONTROL_GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
CONTROL_GROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def cpu_features() -> frozenset[str]:
    """Instruction sets of this processor by Linux's names, such as "avx2" or "amx_bf16"."""
    # If a virtual machine hides one feature, archspec takes the processor for an older model: then
    # only the running system's own list is complete. Apple's processors have only the model's.
    return frozenset(detected_info().features) | frozenset(host().features)


def free_memory() -> int:
    """Bytes that this process may still take, within the limits of its container or job."""
    free = psutil.virtual_memory().available
    for line in OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.exists() else ():
        _, kind, path = line.split(":", 2)  # such as "4:memory:/jobs/12"
        group = CONTROL_GROUPS / kind / path.strip("/")
        # The limits of the groups around it hold too, and a container may see only the outermost.
        for folder in (group, *group.parents):
            for limit, use, cache in CONTROL_GROUP_FILES:
                try:
                    room = int((folder / limit).read_text()) - int((folder / use).read_text())
                    counts = (folder / "memory.stat").read_text().split()
                    room += int(counts[counts.index(cache) + 1])
                except (OSError, ValueError):  # no such file, or "max": no limit
                    continue
                free = min(free, max(0, room))
    return free


def report(data_sets: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """A table that tells a student whether this computer is ready.

    `data_sets` are rows to add, as `course_lib.data.inventory` returns them. The columns are
    `found` and `comment`.

    >>> report({"shapes10": ("ready", "drawn when needed")}).loc["shapes10", "found"]
    'ready'
    """
    rows = {"Python": (platform.python_version(), "")}
    for package in PACKAGES:
        rows[package] = (importlib.metadata.version(package), "")
    features = cpu_features()
    vectors = [name for name in VECTOR_INSTRUCTIONS if name in features]
    rows["processor cores"] = (str(os.cpu_count()), "the course is made for two or more")
    rows["vector instructions"] = (", ".join(vectors) or "not recognised", "")
    if BFLOAT16_INSTRUCTIONS & features:
        rows["bfloat16 instructions"] = ("yes", 'precision "auto" uses them')
    else:
        rows["bfloat16 instructions"] = ("no", "everything runs in float32")
    free = free_memory() / 2**30
    comment = "enough" if free >= ENOUGH_MEMORY_GIB else "little: close other programs"
    rows["memory"] = (f"{free:.1f} GiB free", comment)
    return pd.DataFrame.from_dict(rows | data_sets, orient="index", columns=["found", "comment"])
