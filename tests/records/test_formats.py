"""The formats of sealed records, pinned: their defaults, and that what comes next has its place in them already."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from steelyard import records
from steelyard.evidence.canonical import canonical, fields_of, without_defaults
from steelyard.records import Measurement, Plan, PlannedTest, SampleScore
from steelyard.records.record import Record
from steelyard.storage.journal.lines import decode, encode

SEALED = [
    "Attempt", "BatchCall", "BatchClosed", "BatchCreated", "BatchIntent",
    "Capabilities", "Checkpoint", "Claim", "ClaimSheet", "ComparedWith", "Exchange", "GenerateRequest",
    "Image", "JudgedKey",
    "Limits", "LoglikelihoodRequest", "Measurement", "ModelIdentity", "NextTokenRequest", "NotPlanned", "Origin",
    "Plan", "PlanInput",
    "PlannedModel", "PlannedTest", "Protocol", "Reads", "RecordedScore", "RepeatCheck", "RequestedTest", "Sample",
    "Served", "Settled", "SourceFile", "SourceSpan", "SuiteItem", "Turn",
]  # fmt: skip

# A default that changes here changes what every sealed document of before means: raise the format instead.
DEFAULTS = {
    "Attempt": {
        "seq": -1, "prev": "", "answer": "", "reasoning": "", "logprobs": [], "finish_reason": "", "prompt_tokens": 0,
        "completion_tokens": 0, "reasoning_tokens": 0, "cached_tokens": 0, "model": "", "detail": "",
        "batch": 0,
    },
    "BatchCall": {"repeat": 0},
    "BatchClosed": {"seq": -1, "prev": ""},
    "BatchCreated": {"seq": -1, "prev": ""},
    "BatchIntent": {"seq": -1, "prev": ""},
    "Capabilities": {
        "generate": True, "chat": False, "completions": True, "loglikelihood": False, "loglikelihood_reason": "",
        "deterministic": False, "concurrency": 1, "offers": ["language"], "reasons": False, "output_tokens": 0,
        "efforts": [], "takes_temperature": True, "repeats_identical": [],
        "checkpoints": {}, "likelihood_of": [], "next_tokens": 0, "next_tokens_reason": "",
        "images": False, "images_reason": "",
    },
    "Checkpoint": {"config": "", "kind": "", "parameters": 0},
    "Claim": {
        "unit": "percent", "metric": "", "samples": None, "repeats": None, "average": "", "weights": [],
        "shots": None, "variant": "", "protocol": {}, "compared_with": [], "note": "", "heading": "",
        "origin": "", "settled": [], "line": 0, "place": "", "unsourced": [], "first": False,
    },
    "ClaimSheet": {
        "vendor": "", "date": "", "source": "", "served_as": "", "footnotes": [], "variants": [], "origin": [],
        "claims": [], "path": "", "digest": "", "source_files": [], "typed": False,
    },
    "ComparedWith": {"value": ""},
    "Exchange": {
        "seq": -1, "prev": "", "reply": "", "streamed": False, "prompt_tokens": 0, "completion_tokens": 0, "model": "",
        "detail": "", "first_byte_us": 0,
    },
    "GenerateRequest": {
        "prefix": "", "chat": False, "system": "", "history": [], "max_tokens": 256, "stop": [], "temperature": 0.0,
        "seed": None, "untruncated": False, "reasoning_effort": "", "checkpoints": [],
        "images": [],
    },
    "Image": {"at": 0, "detail": ""},
    "JudgedKey": {
        "repeat": 0, "place": 0, "arm": "", "weight": 1.0, "passes": "all", "text": "", "length": 0, "seat": "",
        "role": "",
    },
    "Limits": {
        "requests_per_minute": None, "tokens_per_minute": None, "tokens": None, "cost": None, "price_prompt": None,
        "price_completion": None, "price_cached": None, "price_reasoning": None,
        "price_factor": 1.0,
    },
    "LoglikelihoodRequest": {"prefix": ""},
    "NextTokenRequest": {"prefix": "", "top": 20},
    "Measurement": {
        "role": "subject", "shots": 0, "chat": False, "decoding": "greedy", "temperature": 0.0, "output_budget": None,
        "budget_stated": False, "reasoning_effort": "", "items": "", "asks": "", "question": "",
        "order_by": "trial", "repeats": 1, "repeat_check": {}, "limit": None, "share": 1.0, "chance": 0.0,
        "public": True, "part": None, "differences": [], "how_read": "", "suite": "", "arm": "", "seed": "",
        "drawn": "", "beside": "", "again": 0, "needs": [], "turns": [], "window": "", "images": False, "groups": [],
        "drawer": "", "difficulties": None, "left_out": [],
    },
    "LedgerPlace": {"opened_later": False, "timestamped": False, "carried": 0},
    "ModelIdentity": {"name": "", "sha256": "", "backend": "", "machine": "", "details": {}},
    "NotPlanned": {"detector": ""},
    "Origin": {"kind": "asked", "harness": "", "file": "", "sha256": ""},
    "Plan": {
        "requested": [],
        "sheet": None, "measurements": [], "detectors": [], "detect": [],
        "detect_weight": "", "tests": [], "served": [], "not_planned": [], "inputs": {},
        "tolerance": "", "questions": {}, "ledger": None, "origin": {}, "budget_us": None,
        "tasks": {}, "limit": None, "scorer": "",
        "output_tokens": None, "reasoning_effort": "", "accept_model": False, "allow_part": False,
        "texts": "withheld", "plugins": {}, "loops": "wrong",
    },
    "PlanInput": {},
    "PlannedModel": {
        "capabilities": {}, "limits": {}, "concurrency": 1, "adaptive": False, "max_attempts": 5,
        "attempt_timeout_us": 120000000, "batch_growth": "",
    },
    "PlannedTest": {"weight": 0.0, "null": "", "reads": [], "inputs": [], "sealed": {}},
    "Protocol": {"prompt": "", "decoding": "", "subset": "", "judge": "", "harness": "", "max_tokens": None},
    "Question": {
        "number": 1, "of_subject": 0, "of_benchmark": 0, "never_ended": 0, "order_proof": "", "tag_proofs": [],
    },
    "Reads": {},
    "RecordedScore": {
        "seq": -1, "prev": "", "parsed": True, "open": False, "note": "", "group": "", "elapsed_us": 0,
    },
    "RepeatCheck": {"samples": 0, "repeats": 1, "among": 0},
    "RequestedTest": {"prompt": "", "shots": None, "temperature": 0.0, "options": {}},
    "Sample": {"choices": [], "context": "", "group": "", "tests_sha256": ""},
    "Served": {"differences": [], "weights": [], "confirms_only": "", "unverifiable": ""},
    "Settled": {},
    "SourceFile": {"sha256": "", "text": "", "line": 0},
    "SourceSpan": {"sha256": "", "page": None, "start": 0, "end": 0, "text": ""},
    "SuiteItem": {
        "answer": "", "choices": [], "context": "", "history": [], "group": "", "tags": [], "difficulty": "",
        "source": None, "canary": "", "images": [],
    },
    "Turn": {},
}  # fmt: skip


@pytest.mark.parametrize("name", SEALED)
def test_the_defaults_of_sealed_records_are_pinned(name: str) -> None:
    _, fields = fields_of(getattr(records, name))
    found = {field: without_defaults(default) for field, default, has_default in fields if has_default}
    assert found == DEFAULTS[name]


def test_every_record_refuses_what_it_does_not_know() -> None:
    for name in records.__all__:
        kind = getattr(records, name)
        if isinstance(kind, type) and issubclass(kind, Record):
            assert kind.__struct_config__.forbid_unknown_fields, name
            assert kind.__struct_config__.frozen, name


def read(kind: Any, text: str) -> Any:
    """A document as somebody else may write it by hand; what is read is written back as the same bytes."""
    document = json.loads(text)
    found = msgspec.convert(document, kind)
    assert without_defaults(found) == document
    return found


def test_several_scorers_read_one_measurement() -> None:
    found = read(
        Measurement,
        """{"id": "00-hellaswag", "task": "hellaswag", "prompt": "completion", "kind": "loglikelihood",
        "scorers": ["choice[characters]@1", "choice[bytes]@1", "choice@1"], "population": 10042,
        "samples_root": "ab", "order_seed": "cd"}""",
    )
    assert len(found.scorers) == 3


def test_an_arm_names_its_measurement_and_has_an_output_budget() -> None:
    found = read(
        Measurement,
        """{"id": "03-gsm8k", "task": "gsm8k", "prompt": "chat", "kind": "generate", "scorers": ["numeric@7"],
        "population": 300, "samples_root": "ab", "order_seed": "cd", "arm": "fresh", "seed": "9f", "beside": "00-gsm8k",
        "output_budget": 8192, "role": "candidate-1"}""",
    )
    assert (found.arm, found.beside, found.output_budget) == ("fresh", "00-gsm8k", 8192)


def test_a_test_names_its_inputs_and_seals_what_its_rule_alone_reads() -> None:
    found = read(
        PlannedTest,
        """{"id": "twin-gap", "rule": "twin_gap@2", "weight": 0.04, "null": "no gap",
        "reads": [{"measurement": "00-t", "scorer": "exact@5"}, {"measurement": "01-t", "scorer": "exact@5"}],
        "inputs": ["panel"], "sealed": {"families": 61, "bets": [[6, 10], [7, 10]], "covariates": {"digest": "ef"}}}""",
    )
    assert found.sealed["bets"] == [[6, 10], [7, 10]]


def test_a_plan_holds_models_by_role_and_inputs_by_digest() -> None:
    found = read(
        Plan,
        """{"format": "steelyard-plan/2", "software": "steelyard 0.1.0", "created": "2026-11-25T10:00:00+00:00",
        "models": {"subject": {"identity": {"uri": "openai:a@http://x/v1"}, "concurrency": 8, "adaptive": true},
                   "judge": {"identity": {"uri": "gguf:j"}, "limits": {"tokens": 1000}, "max_attempts": 2}},
        "detectors": ["panel@1"], "inputs": {"panel": {"kind": "runs", "sha256": "ab"}}, "alpha": 0.05}""",
    )
    assert (set(found.models), found.is_bounded) == ({"subject", "judge"}, True)


def test_an_output_may_be_open_and_bring_reasoning_by_digest() -> None:
    attempt = (
        b'{"attempt":1,"completion_tokens":900,"elapsed_us":5,"final":true,"finish_reason":"length","item":"ab",'
        b'"measurement":"00-t","outcome":"truncated","position":3,"prev":"","reasoning":"cd","repeat":0,"request":"ef",'
        b'"sample":"t/3","seq":9,"started_us":1,"type":"attempt"}'
    )
    attempt = attempt.replace(b'"prev":"",', b'"prev":"0",')
    assert encode(decode(attempt)) == attempt
    score = b'{"measurement":"00-t","open":true,"prev":"0","repeat":0,"sample":"t/3","scorer":"code[x]@1","seq":4,' \
        b'"type":"score","value":null}'  # fmt: skip
    assert encode(decode(score)) == score
    found = msgspec.json.decode(
        b'{"measurement":"00-t","position":3,"sample":"t/3","repeat":0,"status":"open","value":null,"scorer":"exact@5",'
        b'"seq":9}',
        type=SampleScore,
    )
    assert (found.status, found.value) == ("open", None)


def test_a_field_that_is_added_later_changes_no_digest_of_before() -> None:
    class Later(Measurement, frozen=True, kw_only=True):
        added: str = ""
        more: tuple[str, ...] = ()

    fields = {"id": "a", "task": "t", "prompt": "p", "kind": "generate", "scorers": ("x@1",), "population": 1}
    made = {**fields, "samples_root": "", "order_seed": ""}
    assert canonical(Later(**made)) == canonical(Measurement(**made))  # type: ignore[arg-type]
