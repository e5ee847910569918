from __future__ import annotations

import pytest

from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.jobs.membership import Missing, Refused, member_of, person_of

RUNNER = Caller(person=3, session=1, memberships=(Membership(1, "default", Role.RUNNER),))


def test_a_member_has_the_role_or_a_higher_one() -> None:
    assert member_of(RUNNER, "default", Role.VIEWER).project_id == 1
    assert person_of(RUNNER) == 3
    with pytest.raises(Refused, match="needs the role editor in the project default; yours is runner"):
        member_of(RUNNER, "default", Role.EDITOR)


def test_another_project_and_a_program_without_a_person_have_no_place() -> None:
    with pytest.raises(Missing):
        member_of(RUNNER, "other", Role.VIEWER)
    with pytest.raises(Missing):
        member_of(Caller(memberships=RUNNER.memberships), "default", Role.VIEWER)
