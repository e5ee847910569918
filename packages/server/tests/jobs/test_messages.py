from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from steelyard_server.jobs.messages import (
    MAX_PROGRESS,
    Ended,
    LiveClaim,
    Progress,
    Setup,
    clock,
    kept_progress,
    of_the_server,
    read_progress,
    without_address,
    without_folder,
)
from steelyard_server.jobs.process import _without_places


def test_the_clock_is_the_same_for_every_process() -> None:
    program = "from steelyard_server.jobs.messages import clock; print(clock())"
    before = clock()
    told = float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert before < told < clock()


@pytest.mark.parametrize(
    "line", [b'{"line":"progress","answered":-1,"planned":3}', b'{"line":"progress","answered":1e3}']
)
def test_numbers_that_are_none_are_refused(line: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(line, type=Progress | Ended)


def test_where_an_endpoint_is_is_said_to_no_viewer() -> None:
    setup = Setup(
        uri="openai:m@http://llm.corp:8000/v1", host="llm.corp", port=8000, data="/", project="p", project_id=1, job=1,
        attempt=1, lease_seconds=1.0,
    )  # fmt: skip
    for said, shown in (
        (
            "nothing answers at http://llm.corp:8000/v1 (refused): start it",
            "nothing answers at its endpoint (refused): start it",
        ),
        ("openai:m@http://llm.corp:8000/v1 gives no answers", "openai:m@its endpoint gives no answers"),
        ("cannot connect to llm.corp:8000; llm.corp is down", "cannot connect to its endpoint; its endpoint is down"),
        ("llm.corporate and my-llm.corp are others", "llm.corporate and my-llm.corp are others"),
    ):
        assert without_address(said, setup) == shown
    built_in = Setup(uri="embedded:smollm2", data="/", project="p", project_id=1, job=1, attempt=1, lease_seconds=1.0)
    assert without_address("an error", built_in) == "an error"


@pytest.mark.parametrize("folder", ["/srv/steelyard data", "/srv/steelyard data/"])
def test_where_the_platform_keeps_something_is_said_to_no_viewer(folder: str) -> None:
    for said, shown in (
        ("/srv/steelyard data/secrets/projects/2.ledger.jsonl: is empty: put it back", "is empty: put it back"),
        ("/srv/steelyard data/jobs/1/1-1/run/journal.jsonl:7: no line", "no line"),
        ("its own run does not verify: /srv/steelyard data/jobs/1: is gone", "its own run does not verify: is gone"),
        ("no room in /srv/steelyard data", "no room in the platform's folder"),
        ("cannot read '/srv/steelyard data/runs/ab'", "cannot read 'the platform's folder'"),
        ("/srv/steelyard data2/x: is another", "/srv/steelyard data2/x: is another"),
    ):
        assert without_folder(said, folder) == shown
    assert without_folder("/srv/x: is there", "/") == "/srv/x: is there"


def test_what_is_kept_of_progress_is_bounded_and_read_again() -> None:
    claim = LiveClaim(
        task="\N{GRINNING FACE}" * 100, rule="test", answered=1, planned=2, low=0.1, high=0.9, target="50"
    )
    progress = Progress(answered=3, planned=9, claims=(claim,) * 20, left=4)
    kept = kept_progress(progress)
    assert len(kept) <= MAX_PROGRESS
    assert read_progress(kept) == progress
    assert read_progress(kept_progress(Progress(answered=3, planned=9, claims=(claim,) * 200))) == Progress(
        answered=3, planned=9
    )
    for nothing in ("", "its", '{"answered":3}', '{"line":"ended","how":"sealed"}'):
        assert read_progress(nothing) is None


@pytest.mark.parametrize(
    "reason",
    [
        "the hub gave no data for cais/mmlu (ConnectionError: x): give a mirror with --data DIR",
        "no data for cais/mmlu: give a mirror with --data DIR, or pip install 'steelyard[data]' for the hub",
        "no data: the mirror has no cais/mmlu.jsonl; add it, or leave out --data and STEELYARD_DATA to use the hub",
    ],
)
def test_data_that_are_missing_are_named_by_the_servers_own_setting(reason: str) -> None:
    for said in (of_the_server(reason), _without_places(reason, Path("/data/jobs/1/1-1/run"))):
        assert "cais/mmlu" in said
        assert "STEELYARD_DATA" in said
        assert "--data" not in said
        assert "pip" not in said
    assert of_the_server("an answer") == "an answer"
