"""Recorded runs: every attempt comes back by its request's digest, in order; what was never asked says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.models import open_model
from steelyard.models.next_token import next_token_of
from steelyard.plugins import Model
from steelyard.records import (
    Attempt,
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelOutput,
    NextTokenRequest,
    Outcome,
    Plan,
    Request,
)
from steelyard.storage.journal.lines import new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from testkit.plans import measurement, plan, planned_model

ASKED = GenerateRequest(prompt="What is 2 + 3?")
CHOICE = LoglikelihoodRequest(context="The sky is", continuations=(" blue", " loud"))
NEVER_ASKED = GenerateRequest(prompt="What is 2 + 4?")
Exchange = tuple[Request, ModelOutput]

EXCHANGES: tuple[Exchange, ...] = (
    (ASKED, ModelOutput(outcome=Outcome.RATE_LIMITED, detail="HTTP 429")),
    (ASKED, ModelOutput(outcome=Outcome.OK, text=" 5", finish_reason="stop", completion_tokens=2, model="m-1")),
    (CHOICE, ModelOutput(outcome=Outcome.OK, logprobs=(-1.5, -9.25), prompt_tokens=3)),
    (ASKED, ModelOutput(outcome=Outcome.TRUNCATED, text=" five, or", finish_reason="length")),
)


CAN = Capabilities(chat=True, completions=False, reasons=True, output_tokens=4096, takes_temperature=False)


def planned(kinds: Sequence[str]) -> Plan:
    identity = planned_model("openai:m@http://127.0.0.1/v1", name="m", backend="HTTP")
    identity = msgspec.structs.replace(identity, capabilities=CAN)
    asked = (measurement(id=kind, task="sums", kind=kind, population=4) for kind in kinds)
    return plan(*asked, models={"subject": identity})


def record(run: Path, exchanges: Sequence[Exchange] = EXCHANGES, kinds: Sequence[str] = ("generate",)) -> Path:
    sealed_plan = planned(kinds)

    class Nothing:
        digests = ()

    sealed = RunFolder.create(run, sealed_plan, {each.id: Nothing() for each in sealed_plan.measurements}, None)  # type: ignore[misc]
    journal, texts = Journal.create(run, new_header(plan=sealed.plan_sha256, software="0")), Texts(run)
    for number, (request, answer) in enumerate(exchanges):
        journal.append(
            Attempt(
                measurement=kinds[0], position=number, sample=str(number), item="", repeat=0, attempt=1,
                request=texts.add(canonical(request).decode()), outcome=answer.outcome, final=True,
                answer=texts.add(answer.text), logprobs=answer.logprobs, finish_reason=answer.finish_reason,
                prompt_tokens=answer.prompt_tokens, completion_tokens=answer.completion_tokens, model=answer.model,
                detail=answer.detail, started_us=number, elapsed_us=1,
            )
        )  # fmt: skip
    texts.close()
    journal.close()
    return run


def ask(model: Model, request: Request) -> ModelOutput:
    if isinstance(request, GenerateRequest):
        return asyncio.run(model.generate(request))
    if isinstance(request, NextTokenRequest):
        return asyncio.run(next_token_of(model, request))
    return asyncio.run(model.loglikelihood(request))


def test_every_attempt_comes_back_in_order_and_the_last_repeats(tmp_path: Path) -> None:
    model = open_model(f"recorded:{record(tmp_path / 'run')}")
    expected = [answer for request, answer in EXCHANGES if request is ASKED]
    assert [ask(model, ASKED) for _ in range(4)] == [*expected, expected[-1]]
    assert ask(model, CHOICE) == EXCHANGES[2][1]
    never = ask(model, NEVER_ASKED)
    assert (never.outcome, never.detail) == (Outcome.CLIENT_ERROR, "not in the recording: this request was never sent")
    asyncio.run(model.close())


def test_next_tokens_come_back(tmp_path: Path) -> None:
    request = NextTokenRequest(context="The sky is")
    answer = ModelOutput(outcome=Outcome.OK, text='[" blue"]', logprobs=(-0.5,), finish_reason="stop")
    model = open_model(f"recorded:{record(tmp_path / 'run', [(request, answer)])}")
    assert ask(model, request) == answer
    assert ask(model, NextTokenRequest(context="else")).outcome is Outcome.CLIENT_ERROR


def test_it_identifies_itself_as_a_recording_and_names_the_original(tmp_path: Path) -> None:
    run = record(tmp_path / "run")
    identity, capabilities = asyncio.run(open_model(f"recorded:{run}").identify())
    assert (identity.uri, identity.name, identity.backend) == ("recorded:run", "m", "recording")
    assert identity.sha256 == sha256_hex((run / "journal" / "main-0000.jsonl").read_bytes())
    assert identity.details["recorded_uri"] == "openai:m@http://127.0.0.1/v1"
    assert (capabilities.generate, capabilities.loglikelihood) == (True, False)
    for name in ("chat", "completions", "reasons", "output_tokens", "takes_temperature"):
        assert getattr(capabilities, name) == getattr(CAN, name)
    assert capabilities.loglikelihood_reason == "the recording holds no log-likelihoods"
    both = record(tmp_path / "both", kinds=("generate", "loglikelihood"))
    assert asyncio.run(open_model(f"recorded:{both}").identify())[1].loglikelihood


def test_what_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the folder of a run"):
        open_model(f"recorded:{tmp_path}")
    withheld = record(tmp_path / "withheld")
    (withheld / "texts" / "main-0000.jsonl").unlink()
    with pytest.raises(InputError, match="texts of the model outputs are withheld"):
        open_model(f"recorded:{withheld}")
    changed = record(tmp_path / "changed")
    journal = changed / "journal" / "main-0000.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"HTTP 429", b"HTTP 500"))
    with pytest.raises(VerificationError, match="the chain is broken"):
        open_model(f"recorded:{changed}")


def test_a_request_without_a_canonical_form_was_never_recorded(tmp_path: Path) -> None:
    model = open_model(f"recorded:{record(tmp_path / 'run')}")
    assert ask(model, GenerateRequest(prompt="\ud800")).outcome is Outcome.CLIENT_ERROR
