"""What this computer offers to the course: versions, processor, memory, data sets."""

import importlib.metadata
import os
import platform
from pathlib import Path

import pandas as pd
import psutil
from archspec.cpu import host
from archspec.cpu.detect import detected_info

ENOUGH_MEMORY_GIB = 4  # a chapter stays below 2, the browser and the system want theirs
BFLOAT16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # Intel and AMD; Arm: bf16
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "matplotlib")


def cpu_features() -> frozenset[str]:
    """Instruction sets of this processor, by the names that Linux gives them.

    Returns:
        frozenset of str, such as "avx2" or "amx_bf16".

    Example:
        >>> all(isinstance(name, str) for name in cpu_features())
        True
    """
    # A virtual machine may hide one feature of a model: then only the running system's own list
    # is complete. On Apple's processors only the model's list is there.
    return frozenset(detected_info().features) | frozenset(host().features)


def report() -> pd.DataFrame:
    """A table that says whether this computer is ready, for the eyes of a student.

    Returns:
        Columns `found` and `comment`, a row for each version, for processor cores, vector
        instructions, memory, and each data set. Nothing is downloaded and no data are read.

    >>> report().loc["memory", "comment"] in ("enough", "little: close other programs")
    True
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
    free = psutil.virtual_memory().available / 2**30
    rows["memory"] = (
        f"{free:.1f} GiB free",
        "enough" if free >= ENOUGH_MEMORY_GIB else "little: close other programs",
    )
    rows["shapes10"] = ("ready", "drawn when needed")
    for name in ("cifar10", "cifar100"):
        rows[name] = _data_set(name)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["found", "comment"])


def _data_set(name: str) -> tuple[str, str]:
    shared = os.environ.get("COURSE_DATA_DIR")
    if shared and (Path(shared) / f"{name}.npz").exists():
        return "ready", "in the folder that COURSE_DATA_DIR names"
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    folder = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}[name]
    if any((keras_home / "datasets").glob(f"{folder}*")):
        return "ready", "in Keras's cache"
    return "not here", "optional: downloaded when you choose it"
