"""Roles of a plan's models: which are references, in which order, and which are asked the same."""

from __future__ import annotations

import pytest

from steelyard.records import candidate_role, is_candidate, is_reference, reference_role, references_of


def test_references_are_numbered_from_the_second_and_come_in_order() -> None:
    assert [reference_role(number) for number in (1, 2, 9)] == ["reference", "reference-2", "reference-9"]
    assert references_of(["subject", "reference-3", "judge", "reference", "reference-2"]) == (
        "reference",
        "reference-2",
        "reference-3",
    )


@pytest.mark.parametrize(
    "role", ["subject", "reference-1", "reference-10", "reference-x", "my-reference", "reference-"]
)
def test_other_roles_are_no_references(role: str) -> None:
    assert not is_reference(role)


def test_candidates_are_the_subject_and_those_that_are_numbered() -> None:
    assert (candidate_role(1), candidate_role(3)) == ("subject", "candidate-3")
    assert is_candidate("subject")
    assert is_candidate("candidate-2")
    assert not is_candidate("reference")
