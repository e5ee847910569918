"""Difficulties in a sealed plan: what is not the file's, or of no claim's items, is named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from steelyard.errors import VerificationError
from steelyard.planning.difficulties import FORMAT, digest_of
from steelyard.records import Difficulties, Plan, PlanInput
from steelyard.verification.difficulties import check_difficulties
from testkit.plans import claim_plan

KNOWN = Difficulties(
    format=FORMAT, task="t", items="a" * 64, odds=(1000,) * 50, made="2026-11-27", panel="p", panel_sha256="b" * 64,
    models=5, families=3, software="steelyard 0",
)  # fmt: skip


def with_known(known: Difficulties = KNOWN, sha256: str = "", **changes: Any) -> Plan:
    plan = claim_plan(items="a" * 64, difficulties=known, **changes)
    return replace(plan, inputs={"difficulty/00-t": PlanInput(kind="difficulty", sha256=sha256 or digest_of(known))})


def test_those_of_the_file_hold() -> None:
    check_difficulties(with_known())
    check_difficulties(claim_plan())


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (with_known(sha256=digest_of(replace(KNOWN, odds=(999, *KNOWN.odds[1:])))), "not those of the file"),
        (replace(with_known(), inputs={}), "inputs name difficulties"),
        (replace(claim_plan(), inputs=with_known().inputs), "inputs name difficulties"),
        (with_known(replace(KNOWN, items="c" * 64)), "of other items"),
        (with_known(replace(KNOWN, odds=(1000,) * 49)), "of other items"),
        (with_known(replace(KNOWN, odds=(-1,) * 50)), "odds are not all within"),
        (with_known(replace(KNOWN, by="\x1b[2J")), "by is no text"),
        (replace(with_known(), tests=()), "none reads it"),
        (replace(with_known(), sheet=None), "none reads it"),
    ],
)
def test_what_does_not_go_together_is_named(plan: Plan, said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        check_difficulties(plan)
