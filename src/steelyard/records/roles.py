"""The roles of a plan's models: by them measurements say who is asked, and tests against whom."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = [
    "JUDGE",
    "MOST_REFERENCES",
    "REFERENCE",
    "SUBJECT",
    "candidate_role",
    "is_candidate",
    "is_reference",
    "reference_role",
    "references_of",
]

SUBJECT: Final = "subject"  # the role of the model under test
REFERENCE: Final = "reference"  # the role of the weights, or of the model, that identity is held against
JUDGE: Final = "judge"  # the role of the model that scores another one's answers
MOST_REFERENCES: Final = 9  # files of which any may be served
_CANDIDATE: Final = "candidate-"  # begins the roles of further models that are asked the same, numbered from 2
_REFERENCES: Final = re.compile(rf"{REFERENCE}(-[2-{MOST_REFERENCES}])?")


def candidate_role(number: int) -> str:
    """The role of the ``number``-th of several models that are asked the same: the first one is the subject."""
    return SUBJECT if number == 1 else f"{_CANDIDATE}{number}"


def is_candidate(role: str) -> bool:
    """Whether a role is that of one of several models that are asked the same."""
    return role == SUBJECT or role.startswith(_CANDIDATE)


def reference_role(number: int) -> str:
    """The role of the ``number``-th of several files of which any may be served."""
    return REFERENCE if number == 1 else f"{REFERENCE}-{number}"


def is_reference(role: str) -> bool:
    """Whether a role is that of weights that identity is held against."""
    return _REFERENCES.fullmatch(role) is not None


def references_of(roles: Iterable[str]) -> tuple[str, ...]:
    """The references among roles, in order."""
    return tuple(sorted(filter(is_reference, roles)))
