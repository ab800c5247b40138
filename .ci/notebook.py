#!/usr/bin/env python3
"""Execute the notebook of the documentation in drgn's own kernel, by Jupyter's client, and hold what its cells show against what it has.

    .ci/notebook.py DRGN [--update]

DRGN is the program. Packages nbclient and nbformat must be installed. --update writes what the cells show now.
"""

import os
import subprocess
import sys
import tempfile

import nbclient
import nbformat

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOTEBOOK = os.path.join(ROOT, "docs", "notebook.ipynb")
CORE = os.path.join(ROOT, "testdata", "tiny-6.12")


def shown(cell):
    """Return what a cell shows as text: what it prints, its value, its exception."""
    out = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            out.append(output.text)
        elif output.output_type == "error":
            out.append(f"{output.ename}: {output.evalue}")
        else:
            out.append(output.data["text/plain"])
            if "<details" in output.data.get("text/html", ""):
                out.append("(it folds)")
    return "\n".join(out)


def main(drgn, update=False):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    before = [shown(cell) for cell in notebook.cells]
    with tempfile.TemporaryDirectory() as prefix:
        os.environ.update(JUPYTER_PATH=os.path.join(prefix, "share", "jupyter"), JUPYTER_RUNTIME_DIR=os.path.join(prefix, "runtime"), HOME=prefix)
        subprocess.run([os.path.abspath(drgn), "-c", "vmcore", "-s", "vmlinux.zst", "kernel", "install", "--prefix", prefix, "--name", "tiny"],
                       cwd=CORE, check=True, stdout=subprocess.DEVNULL)
        nbclient.NotebookClient(notebook, kernel_name="tiny", timeout=120, allow_errors=True, record_timing=False).execute()
    if update:
        nbformat.write(notebook, NOTEBOOK)
        return
    wrong = 0
    for cell, was in zip(notebook.cells, before):
        if shown(cell) != was:
            wrong += 1
            print(f"{cell.source}\n--- it showed\n{was}\n--- it shows now\n{shown(cell)}\n")
    if wrong:
        sys.exit(f"{wrong} cells show something else than docs/notebook.ipynb has: .ci/notebook.py DRGN --update")
    print(f"{len(notebook.cells)} cells show what docs/notebook.ipynb has")


main(sys.argv[1], sys.argv[2:] == ["--update"])
