"""What this computer offers to the course: versions, processor, memory."""

import importlib.metadata
import os
import platform
from pathlib import Path

import pandas as pd
import psutil
from archspec.cpu import host
from archspec.cpu.detect import detected_info

ENOUGH_MEMORY_GIB = 4  # each open chapter holds 0.9 to 1.5 GB; browser and system need theirs
BFLOAT16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # Intel and AMD; Arm: bf16
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "matplotlib")
# Linux limits the memory of groups of processes: containers, jobs on a cluster, users. Its two
# versions name the limit, the use, and the cached files within that use, which it can take back.
CONTROL_GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
CONTROL_GROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def cpu_features() -> frozenset[str]:
    """Instruction sets of this processor, by the names that Linux gives them.

    Returns:
        frozenset of str, such as "avx2" or "amx_bf16".

    >>> all(isinstance(name, str) for name in cpu_features())
    True
    """
    # A virtual machine may hide one feature of a model: then only the running system's own list
    # is complete. On Apple's processors only the model's list is there.
    return frozenset(detected_info().features) | frozenset(host().features)


def free_memory() -> int:
    """Bytes that this process may still take, within the limit of a container or a cluster's job.

    >>> free_memory() > 0
    True
    """
    free = psutil.virtual_memory().available
    lines = (
        OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.exists() else []
    )  # "4:memory:/jobs/12"
    for line in lines:
        _, kind, path = line.split(":", 2)
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
    """A table that says whether this computer is ready, for the eyes of a student.

    Args:
        data_sets: rows to add, as `course_lib.data.inventory` returns them.

    Returns:
        Columns `found` and `comment`, a row for each version, for processor cores, vector
        instructions, memory, and each data set.

    >>> report({"shapes10": ("ready", "drawn when needed")}).loc["shapes10", "found"]
    'ready'
    """
    rows = {"Python": (platform.python_version(), "")}
    for package in PACKAGES:
        rows[package] = (importlib.metadata.version(package), "")
    features = cpu_features()
    vectors = [
        name for name in ("avx2", "avx512f", "amx_tile", "neon", "asimd") if name in features
    ]
    rows["processor cores"] = (str(os.cpu_count()), "the course is made for two or more")
    rows["vector instructions"] = (", ".join(vectors) or "not recognised", "")
    has_bfloat16 = bool(BFLOAT16_INSTRUCTIONS & features)
    rows["bfloat16 instructions"] = (
        "yes" if has_bfloat16 else "no",
        'precision "auto" uses them' if has_bfloat16 else "everything runs in float32",
    )
    free = free_memory() / 2**30
    rows["memory"] = (
        f"{free:.1f} GiB free",
        "enough" if free >= ENOUGH_MEMORY_GIB else "little: close other programs",
    )
    return pd.DataFrame.from_dict(rows | data_sets, orient="index", columns=["found", "comment"])
