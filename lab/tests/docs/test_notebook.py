"""The notebook of the docs, executed in a real kernel; and what *interrupt* does there."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from testkit.repository import ROOT

NOTEBOOK = ROOT / "docs" / "tutorial" / "python.ipynb"


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.slow
@pytest.mark.model
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=590, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [out.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    tables = [data["text/html"] for data in shown if "text/html" in data]
    # Of the screen, the run, the audit (its claims, and the fresh twins asked beside them) and the verification.
    assert [table.count("<table>") for table in tables] == [1, 1, 2, 1]
    streams = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs if "text" in out]
    assert streams == []  # quiet by default


@pytest.mark.slow
def test_interrupting_the_kernel_stops_a_run_and_says_how_to_resume(
    sums_server: Any, sums_file: tuple[Path, float], tmp_path: Path
) -> None:
    from jupyter_client.manager import start_new_kernel

    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        source = (
            f"import steelyard; steelyard.run({str(sums_file[0])!r}, model='openai:sums@{sums_server.url}', "
            f"out={str(run)!r}, concurrency=4)"
        )
        message = client.execute(source)
        while sum(sums_server.asked.values()) < 20:
            time.sleep(0.05)
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != message:
            pass
        assert reply["content"]["ename"] == "Interrupted"
        assert reply["content"]["evalue"].endswith(f"steelyard resume {run}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    sums_server.seconds = lambda wrong: 0.0
    assert execute(["resume", str(run)]) == 0
