"""What the core knows of these detectors and this scorer by the access that they declare."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from steelyard.errors import VerificationError
from steelyard.planning.rules import asks_next_tokens, draws_texts
from steelyard.records import SUBJECT, Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel
from steelyard.scorers.powers import ReferringScorer
from steelyard.verification.consistency import check_models
from steelyard_forensics.next_token.distance import NextTokenDistance
from testkit.plans import plan


def test_it_reads_by_a_reference_and_no_texts() -> None:
    scorer = NextTokenDistance("least")
    assert isinstance(scorer, ReferringScorer)
    assert not scorer.reads_texts


def test_who_reads_next_tokens_is_known_by_its_access() -> None:
    assert asks_next_tokens(("identity", "next_token"))
    assert not asks_next_tokens(("identity", "twin_gap", "of_a_plugin_that_is_not_here"))
    assert not asks_next_tokens(())


def test_who_has_texts_drawn_is_known_by_its_access() -> None:
    assert draws_texts(("next_token", "identity"))
    assert not draws_texts(("next_token", "gate", "of_a_plugin_that_is_not_here"))


ENDPOINT = ModelIdentity(uri="openai:m@http://127.0.0.1/v1", name="m", backend="OpenAI-compatible HTTP")
FILE = ModelIdentity(uri="gguf:m.gguf", sha256="0" * 64, details={"context_tokens": "2048"})


def asked(identity: ModelIdentity, **capabilities: Any) -> Plan:
    model = PlannedModel(identity=identity, capabilities=Capabilities(**capabilities))
    sheet = ClaimSheet(model="m", claims=(Claim(task="t", value="60"),), digest="0" * 64)
    return replace(plan(models={SUBJECT: model}, sheet=sheet, tolerance="2"), detect=("next_token",))


def test_next_tokens_are_looked_for_where_a_detector_that_reads_them_was_named() -> None:
    check_models(asked(ENDPOINT, next_tokens=20))
    check_models(asked(FILE, loglikelihood=True, deterministic=True, next_tokens=20))
    with pytest.raises(VerificationError, match="were to be looked for"):
        check_models(asked(ENDPOINT))
