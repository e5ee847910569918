"""The batches of a journal: their digest, and which one is open."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.errors import VerificationError
from steelyard.records import Attempt, BatchCall, BatchClosed, BatchCreated, BatchIntent, Outcome
from steelyard.storage.journal.batches import batch_digest, batches_so_far
from steelyard.storage.journal.lines import JournalRecord, decode, encode

DIGESTS = {"m": ["d0", "d1", "d2"]}
CALLS = tuple(BatchCall(measurement="m", position=at, sample=2 - at) for at in range(2))


def intent(number: int = 1, calls: tuple[BatchCall, ...] = CALLS) -> BatchIntent:
    return BatchIntent(number=number, digest="e" * 64, calls=calls, at_us=5)


def attempt(position: int, **more: Any) -> Attempt:
    fields: dict[str, Any] = {
        "measurement": "m", "position": position, "sample": "s", "item": f"d{2 - position}", "repeat": 0,
        "attempt": 1, "request": "r", "outcome": Outcome.OK, "final": True, "batch": 1, "started_us": 5,
        "elapsed_us": 0,
    }  # fmt: skip
    return Attempt(**fields | more)


def test_a_batch_is_open_until_each_of_its_calls_is_recorded() -> None:
    records: list[JournalRecord] = [intent(), BatchCreated(number=1, id="b", at_us=6), attempt(0), attempt(1)]
    assert batches_so_far(records[:1], DIGESTS).open is not None
    found = batches_so_far(records[:3], DIGESTS)
    assert found.open is not None
    assert (found.open.id, found.open.left, found.count) == ("b", {("m", 1, 0, "d1"): 1}, 1)
    assert found.calls_left == [CALLS[1]]
    ended = batches_so_far(records, DIGESTS)
    assert (ended.open, ended.count, ended.calls_left) == (None, 1, [])


def test_a_closed_batch_leaves_nothing_open() -> None:
    closed: list[JournalRecord] = [intent(), BatchClosed(number=1, reason="none", at_us=6)]
    assert batches_so_far(closed, DIGESTS).open is None
    again = batches_so_far([*closed, intent(2)], DIGESTS)
    assert again.open is not None
    assert (again.count, again.open.id) == (2, "")


def test_a_batch_of_a_sample_that_there_is_not_is_refused() -> None:
    for call in (BatchCall(measurement="m", position=0, sample=3), BatchCall(measurement="x", position=0, sample=0)):
        with pytest.raises(VerificationError, match="there is none"):
            batches_so_far([intent(calls=(call,))], DIGESTS)


@pytest.mark.parametrize("name", ["", "../fine_tuning/jobs/ftjob-1", "a/b", "a?b"])
def test_an_id_that_would_lead_elsewhere_is_refused(name: str) -> None:
    """The folder of a run may be a stranger's, and the id becomes a part of a path with the user's own key."""
    with pytest.raises(VerificationError, match="is no id of a batch"):
        batches_so_far([intent(), BatchCreated(number=1, id=name, at_us=6)], DIGESTS)


def test_its_digest_is_of_the_plan_the_number_and_each_request_in_order() -> None:
    requests = list(zip(CALLS, ("r0", "r1"), strict=True))
    digest = batch_digest("p", 1, requests)
    others = (
        batch_digest("q", 1, requests),
        batch_digest("p", 2, requests),
        batch_digest("p", 1, requests[::-1]),
        batch_digest("p", 1, requests[:1]),
        batch_digest("p", 1, [(CALLS[0], "r0"), (CALLS[1], "r2")]),
    )
    assert len({digest, *others}) == 6


@pytest.mark.parametrize(
    "record",
    [intent(), BatchCreated(number=1, id="b", at_us=6), BatchClosed(number=1, reason="none", at_us=6)],
    ids=["intent", "created", "closed"],
)
def test_its_records_are_lines_of_a_journal(record: Any) -> None:
    assert decode(encode(record)) == record
