"""How pytest runs the notebooks: the kernels' settings, and the table at the end."""

import os
import time
from collections import defaultdict

import pytest
from nbval.plugin import IPyNbFile

from tools.notebooks import peak_mb, save_times, use_kernel_env

# Pytest loads the tests' conftest.py files itself. Collected for doctests as well, two of them
# would be imported under one name.
collect_ignore_glob = ["tests/*/conftest.py"]

ipython_folder = use_kernel_env()  # removed when pytest ends
table = defaultdict(lambda: {"seconds": 0.0, "peak": 0.0, "cells": 0, "run": 0, "compared": 0})


def pytest_collectstart(collector):
    if isinstance(collector, IPyNbFile):
        # What libraries log differs between machines; a saved stderr fails in test_notebooks.py.
        collector.skip_compare += ("stderr",)
        # Of a picture, its text is compared and not its bytes.
        collector.sanitize_patterns[r"data:image/png;base64,[\w+/=]+"] = "a picture"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if isinstance(item.parent, IPyNbFile):
        peak, ran = 0.0, report.passed and call.when == "call"
        manager = getattr(item.parent.kernel, "km", None)  # none where the kernel died
        if call.when == "call" and manager is not None:
            peak = peak_mb(manager.provisioner.pid)
        compared = bool(ran and item.options["check"] and item.cell.outputs)
        # The report travels from the process that ran the cell to the one that prints the table.
        report.user_properties.append(("notebook", [item.path.name, peak, ran, compared]))
    return report


def pytest_runtest_logreport(report):
    found = dict(report.user_properties).get("notebook")
    if found:
        name, peak, ran, compared = found
        row = table[name]
        row["seconds"] += report.duration
        row["peak"] = max(row["peak"], peak)
        row["cells"] += report.when == "setup"
        row["run"] += ran
        row["compared"] += compared


def pytest_sessionfinish(session):
    # A skipped cell, say: nothing failed, and yet it did not run.
    silent = any(row["run"] < row["cells"] for row in table.values())
    if silent and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    if not table:
        return
    write = terminalreporter.write_line
    terminalreporter.section("notebooks")
    write(f"{'notebook':32}{'seconds':>9}{'peak MB':>9}{'cells':>7}{'run':>5}{'compared':>10}")
    for name, row in sorted(table.items()):
        numbers = f"{row['seconds']:9.1f}{row['peak']:9.0f}{row['cells']:7}{row['run']:5}"
        write(f"{name:32}{numbers}{row['compared']:10}")
    save_times(table)
    if "COURSE_TEST_START" in os.environ:
        write(f"make test took {time.time() - int(os.environ['COURSE_TEST_START']):.0f} s in all")
