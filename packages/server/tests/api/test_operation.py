from __future__ import annotations

import dataclasses

import pytest

from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api.operation import Operation, Success
from steelyard_server.health import show_health

READ = Access(Place.PROJECT, Role.VIEWER, scopes=("read",))
ONE = Operation(
    method="GET", path="/api/v1/jobs/{job:int}", access=READ, handler=show_health, name="showJob", summary="One",
    about="One.", successes=(Success(200, "it"),), problems={404: "none", 400: "a word of its own"},
)  # fmt: skip


def test_its_path_is_written_without_the_kind_of_its_parts() -> None:
    assert (ONE.template, ONE.parts) == ("/api/v1/jobs/{job}", ("job",))
    assert ONE.rule.path == "/api/v1/jobs/{job:int}"


def test_its_problems_are_in_order_and_its_own_words_go_first() -> None:
    assert [*ONE.all_problems()] == [400, 401, 403, 404, 413, 429, 503]
    assert ONE.all_problems()[400] == "a word of its own"


def test_what_anybody_may_ask_has_no_problem_of_tokens() -> None:
    found = dataclasses.replace(ONE, access=Access(Place.OPEN), problems={})
    assert found.is_open
    assert [*found.all_problems()] == [403, 413]
    assert not found.rule.asks_who


def test_no_session_opens_an_operation() -> None:
    with pytest.raises(AssertionError, match="no session opens"):
        _ = dataclasses.replace(ONE, access=Access(Place.OWN)).rule
