"""A run by batches as a stranger checks it: what nobody writes there is refused, also when it was sealed again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Limits, ModelIdentity, PlannedModel
from steelyard.runner import batch_waiting
from steelyard.verification.batches import why_not_batched
from testkit.batch_server import serving
from testkit.fixtures import SumsServer
from testkit.resealing import records_of, reseal
from tests.auditing.test_batches import QUICK, run_of
from tests.planning.test_batched import CHAT, IDENTITY

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run_by_batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 calls in two batches, of which the first was closed once before it was created."""
    folder = tmp_path_factory.mktemp("batched")
    questions = folder / "sums.jsonl"
    rows = [{"question": f"What is {number} + 2?", "answer": str(number + 2)} for number in range(40)]
    questions.write_text("\n".join(map(json.dumps, rows)) + "\n")
    with pytest.MonkeyPatch.context() as patch, serving("openai") as server:
        patch.setenv("STEELYARD_KEY", str(folder / "no-key-here.pem"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        for name, value in QUICK.items():
            patch.setattr(batch_waiting, name, value)
        patch.setattr(batch_waiting, "CREATION_SECONDS", 0.0)
        assert isinstance(server, SumsServer)
        server.created_status = 429
        command = run_of("openai", server, questions, folder / "run", "--patience", "0.1s")
        assert steelyard(command) == 4
        server.created_status = 200
        assert steelyard(["resume", str(folder / "run")]) == 0
    return folder / "run"


def at(records: Records, kind: str, number: int = -1) -> int:
    """Where a record of a kind stands; with a number, that of its batch."""
    return next(
        place for place, each in enumerate(records)
        if each["type"] == kind and number in (-1, each.get("number", each.get("batch")))
    )  # fmt: skip


def last_number(records: Records) -> int:
    return max(int(each["number"]) for each in records if each["type"] == "batch_intent")


def _without(kind: str) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        del records[at(records, kind)]

    return change


def _other_digest(records: Records) -> None:
    records[at(records, "batch_intent", last_number(records))]["digest"] = "0" * 64


def _renumbered(records: Records) -> None:
    records[at(records, "batch_intent", last_number(records))]["number"] += 1


def _no_batch(records: Records) -> None:
    del records[at(records, "attempt")]["batch"]


def _other_batch(records: Records) -> None:
    records[at(records, "attempt")]["batch"] += 1


def _twice_in_one(records: Records) -> None:
    calls = records[at(records, "batch_intent", last_number(records))]["calls"]
    calls.append(calls[0])


def _not_planned(records: Records) -> None:
    records[at(records, "batch_intent", last_number(records))]["calls"][0]["sample"] = 39_999


def _other_place(records: Records) -> None:
    calls = records[at(records, "batch_intent", last_number(records))]["calls"]
    calls[0]["sample"], calls[1]["sample"] = calls[1]["sample"], calls[0]["sample"]


def _created_twice(records: Records) -> None:
    place = at(records, "batch_created")
    records.insert(place, dict(records[place]))


def _id_that_leads_elsewhere(records: Records) -> None:
    records[at(records, "batch_created")]["id"] = "../fine_tuning/jobs/ftjob-1"


def _closed_after_answers(records: Records) -> None:
    number = last_number(records)
    closed = {"type": "batch_closed", "number": number, "reason": "unwelcome", "at_us": 5}
    records.insert(at(records, "attempt", number) + 1, closed)


def _left_open(records: Records) -> None:
    """The last answer of the last batch was unwelcome: its line is left out."""
    places = [place for place, each in enumerate(records) if each["type"] == "attempt"]
    del records[places[-1]]


TAMPERED = [
    (_without("batch_created"), "has no such call left"),
    (_without("batch_intent"), "no batch of the number"),
    (_other_digest, "was not intended with these requests"),
    (_renumbered, "not the batch that comes after"),
    (_no_batch, "an answer in no batch"),
    (_other_batch, "has no such call left"),
    (_twice_in_one, "a call stands twice in one batch"),
    (_not_planned, "a call that the plan does not have"),
    (_other_place, "a call that the plan does not have"),
    (_created_twice, "no batch of the number"),
    (_id_that_leads_elsewhere, "it names a batch by what is no id of one"),
    (_closed_after_answers, "no batch of the number"),
    (_left_open, "complete, and batch"),
]


def test_the_run_holds(run_by_batches: Path) -> None:
    kinds = {each["type"] for each in records_of(run_by_batches)}
    assert kinds >= {"batch_intent", "batch_created", "batch_closed", "attempt"}
    assert steelyard(["verify", str(run_by_batches)]) == 0


@pytest.mark.parametrize(("change", "why"), TAMPERED, ids=[change.__name__ for change, _ in TAMPERED])
def test_what_nobody_writes_there_is_refused(
    change: Callable[[Records], None],
    why: str,
    run_by_batches: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = Path(shutil.copytree(run_by_batches, tmp_path / "bundle"))
    records = records_of(bundle)
    change(records)
    reseal(bundle, records=records)
    assert steelyard(["verify", str(bundle)]) == 1
    said = capsys.readouterr()
    assert why in " ".join((said.out + said.err).split())


def batched(**changes: Any) -> PlannedModel:
    from steelyard.planning.options import Options, planned_model

    planned: PlannedModel = msgspec.structs.replace(planned_model(IDENTITY, CHAT, Options(batch_growth="2")), **changes)
    return planned


def test_a_model_that_is_asked_by_batches_can_be() -> None:
    assert why_not_batched("subject", batched()) == ""
    assert why_not_batched("subject", batched(limits=Limits(price_prompt=1.0, price_factor=0.5))) == ""
    assert why_not_batched("subject", PlannedModel(identity=IDENTITY)) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_growth": "one"},
        {"batch_growth": "99"},
        {"batch_growth": "1e999999999"},
        {"batch_growth": "1/0"},
        {"capabilities": CHAT},
        {"identity": ModelIdentity(uri="gemini:m@http://h.example")},
        {"limits": Limits(price_prompt=1.0, price_factor=0.1)},
        {"limits": Limits(price_prompt=1.0)},
        {"limits": Limits(price_factor=0.5), "batch_growth": ""},
    ],
)
def test_one_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert why_not_batched("subject", batched(**changes))
    assert why_not_batched("reference", batched())
