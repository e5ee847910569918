"""Whether two passes ask one model the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.errors import InputError
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
)
from steelyard.storage.run_folder import RunFolder
from steelyard.watching.same_question import check_probe, check_same, differences

MEASUREMENT = Measurement(
    id="m", task="t", prompt="p", kind="generate", scorers=("exact@2",), population=40, samples_root="r", items="i",
    order_seed="s",
)  # fmt: skip
MODEL = PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1", name="m"))


def plan(model: PlannedModel = MODEL, **changed: Any) -> Plan:
    measurement = msgspec.structs.replace(MEASUREMENT, **changed)
    return Plan(
        format=PLAN_FORMAT, software="x", created="y", models={SUBJECT: model}, measurements=(measurement,),
        alpha=0.05, tolerance="", texts="sealed",
    )  # fmt: skip


def with_identity(**changed: Any) -> PlannedModel:
    changed_model: PlannedModel = msgspec.structs.replace(
        MODEL, identity=msgspec.structs.replace(MODEL.identity, **changed)
    )
    return changed_model


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"order_seed": "other", "question": "q", "share": 0.5}, []),
        ({"items": "other", "samples_root": "x"}, ["items", "samples"]),
        ({"prompt": "chat"}, ["prompt"]),
        ({"scorers": ("contains@1",)}, ["scorers"]),
        ({"temperature": 1.0}, ["temperature"]),
        ({"output_budget": 99}, ["output budget"]),
        ({"suite": "s"}, ["suite"]),
        ({"limit": 3}, ["limit"]),
        ({"samples_root": "x"}, ["samples"]),
    ],
)
def test_what_is_asked(changed: dict[str, Any], words: list[str]) -> None:
    assert differences(plan(), plan(**changed)) == words


def test_who_is_asked() -> None:
    assert differences(plan(), plan(with_identity(name="n"))) == ["model"]
    assert differences(plan(), plan(with_identity(uri="openai:m@http://other/v1"))) == ["address"]
    assert differences(plan(), plan(with_identity(details={"answers_as": "m-2"}))) == []
    file = with_identity(uri="gguf:a", sha256="1")
    assert differences(plan(file), plan(with_identity(uri="gguf:b", sha256="1"))) == []
    assert differences(plan(file), plan(with_identity(uri="gguf:a", sha256="2"))) == ["model"]


def test_an_endpoint_that_begins_to_reason_is_no_other_question() -> None:
    reasoning = msgspec.structs.replace(MODEL, capabilities=Capabilities(reasons=True, output_tokens=16384))
    now = plan(reasoning, output_budget=16384, samples_root="x")
    assert differences(plan(), now) == []
    assert differences(plan(), plan(reasoning, output_budget=16384, samples_root="x", items="j")) == ["items"]
    assert differences(plan(), plan(reasoning, samples_root="x")) == ["samples"]


def test_another_question_is_refused_in_one_line() -> None:
    first = RunFolder(Path("w/baseline/0001"), plan(), "d")
    check_same(first, plan())
    with pytest.raises(InputError, match=r"^w: would ask otherwise than the baseline \(prompt\), and nothing was sent"):
        check_same(first, plan(prompt="chat"))


@pytest.mark.parametrize("scorer", ["judged@1", "judged[graders/a.yaml]@1"])
def test_what_a_judge_scores_is_refused(scorer: str) -> None:
    check_probe(plan())
    with pytest.raises(InputError, match="scored by a judge"):
        check_probe(plan(scorers=(scorer,)))
