from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from steelyard.server.jobs.messages import (
    MAX_PROGRESS,
    Ended,
    LiveClaim,
    Progress,
    Setup,
    clock,
    kept_progress,
    read_progress,
    without_address,
)


def test_the_clock_is_the_same_for_every_process() -> None:
    program = "from steelyard.server.jobs.messages import clock; print(clock())"
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
