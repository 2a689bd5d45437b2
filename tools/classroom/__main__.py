"""Measure what students take who run a chapter at the same time, without JupyterHub.

    python -m tools.classroom [NB] [--students 4] [--plain] [--save]

NB is the start of a notebook's name; without it, each chapter is measured in turn. The kernels have
the settings of kernels.json, or none with --plain. --save adds the rows to the table that
the site's page for a class shows. Linux only: other systems do not tell what processes share.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from tools.notebooks import NOTEBOOKS, ROOT, processor, use_kernel_env

KERNELS = Path(__file__).with_name("kernels.json")  # JupyterHub's configuration reads it, too
TABLE = ROOT / "site" / "classroom.json"


def memory(processes):
    """MB that these processes take together: what they share is counted once."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


async def student(path, seconds, processes):
    """Run a chapter from top to bottom. Appends its wall time, and its kernel's process."""
    client = NotebookClient(nbformat.read(path, as_version=4), timeout=3600)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="course-student-") as folder:
        client.resources = {"metadata": {"path": folder}}
        async with client.async_setup_kernel():
            processes.append(process := psutil.Process(client.km.provisioner.pid))
            for number, cell in enumerate(client.nb.cells):
                await client.async_execute_cell(cell, number)
            times = process.cpu_times()
            seconds.append((time.perf_counter() - start, times.user + times.system))


async def measure(path, students):
    """A row of the table: memory and seconds of a chapter that so many students run at once."""
    seconds, processes, peak = [], [], 0.0
    running = [asyncio.create_task(student(path, seconds, processes)) for _ in range(students)]
    while any(not task.done() for task in running):
        peak = max(peak, await asyncio.to_thread(memory, list(processes)))
        await asyncio.wait(running, timeout=0.5, return_when=asyncio.FIRST_EXCEPTION)
    ended = await asyncio.gather(*running, return_exceptions=True)
    if errors := [error for error in ended if error is not None]:
        raise errors[0]
    return {
        "chapter": path.stem,
        "students": students,
        "MB each": round(peak / students),
        "CPU seconds each": round(sum(cpu for _, cpu in seconds) / students),
        "seconds": round(max(wall for wall, _ in seconds)),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("start", nargs="?", default="")
    parser.add_argument("--students", type=int, default=4)
    parser.add_argument("--plain", action="store_true", help="without the configuration's settings")
    parser.add_argument("--save", action="store_true", help=f"add to {TABLE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("this measures on Linux only")
    if arguments.students < 1:
        parser.error(f"--students must be at least 1, not {arguments.students}")
    paths = sorted(NOTEBOOKS.glob(f"{arguments.start}*.ipynb"))
    if not paths:
        parser.error(f"no chapter begins with {arguments.start!r}; choose one of 00, 01, ...")
    ipython_folder = use_kernel_env()  # removed at the end
    if not arguments.plain:
        os.environ.update(json.loads(KERNELS.read_text(encoding="utf-8")))
    rows = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    for path in paths:
        row = asyncio.run(measure(path, arguments.students))
        print(json.dumps(row), flush=True)
        rows[path.stem] = row
        if arguments.save:
            TABLE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
