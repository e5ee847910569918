from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from steelyard_server.jobs.dry_run_process import Asked, Figures
from steelyard_server.jobs.messages import Setup

SETUP = Setup(
    uri="embedded:smollm2", key="sk-1", data="/", project="default", project_id=1, job=0, attempt=0, lease_seconds=10.0
)


def said(folder: Path, specification: str) -> Figures:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "steelyard_server.jobs.dry_run_process", folder, "60", str(os.getpid())],
        input=msgspec.json.encode(Asked(specification=specification, setup=SETUP)), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=Figures)


def test_what_cannot_be_planned_is_one_line_without_a_place_of_this_machine(tmp_path: Path) -> None:
    assert said(tmp_path, '{"kind":"resume","job":3}').problem.startswith("a run that goes on was planned already")
    found = said(tmp_path, '{"kind":"run","model":"embedded:smollm2","questions":{"sums":"no JSON"}}')
    assert "sums.jsonl" in found.problem
    assert str(tmp_path) not in found.problem


def test_its_text_has_no_key() -> None:
    assert "sk-1" not in repr(Asked(specification="{}", setup=SETUP))
