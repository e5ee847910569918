from __future__ import annotations

import pytest

from steelyard.server.access.callers import NOBODY, Access, Caller, is_allowed

ADMINISTRATOR = Caller(person=1, name="ada", session=2)
PUSHER = Caller(person=1, name="ada", token=3, scopes=frozenset({"push"}))
READER = Caller(person=1, name="ada", token=4, scopes=frozenset({"metrics"}))


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        (Access.ANYBODY, {NOBODY, ADMINISTRATOR, PUSHER, READER}),
        (Access.ADMINISTRATOR, {ADMINISTRATOR}),
        (Access.PUSH, {PUSHER}),
        (Access.METRICS, {READER}),
    ],
)
def test_each_rule_lets_in_whom_it_names(access: Access, allowed: set[Caller]) -> None:
    callers = (NOBODY, ADMINISTRATOR, PUSHER, READER)
    assert {each for each in callers if is_allowed(access, each)} == allowed


def test_logs_name_a_caller_by_number() -> None:
    assert [each.label for each in (NOBODY, ADMINISTRATOR, PUSHER)] == ["nobody", "person 1", "token 3"]
