"""Run notebooks in a new kernel and save their outputs, all or none.

    python -m tools.refresh [02]

The argument is the start of a notebook's name; without one, every notebook runs.
"""

import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.links import save_notebook
from tools.notebooks import NOTEBOOKS, peak_mb, use_kernel_env

# The same on every computer, without versions and times.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def is_stderr(output):
    return output.output_type == "stream" and output.name == "stderr"


def refresh(path):
    """Run one notebook and save it; if a cell fails, exit with its error."""
    notebook = nbformat.read(path, as_version=4)
    start, peak = time.perf_counter(), 0.0

    def after_cell(**_):
        nonlocal peak
        peak = peak_mb(client.km.provisioner.pid)

    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        on_cell_executed=after_cell,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"{path.name} is unchanged, since a cell failed:\n{error}")
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in filter(is_stderr, cell.get("outputs", [])):
            print(f"{path.name}, from stderr, not saved: {output.text}", end="")
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_stderr(output)]
    nbformat.validate(notebook)
    save_notebook(notebook, path)
    print(f"{path.name}: {time.perf_counter() - start:.0f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    ipython_folder = use_kernel_env()  # removed at the end
    prefix = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = sorted(NOTEBOOKS.glob(f"{prefix}*.ipynb"))
    if not paths:
        sys.exit(f"no notebook in notebooks/ starts with {prefix!r}")
    for path in paths:
        refresh(path)
