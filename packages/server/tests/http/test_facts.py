from __future__ import annotations

from typing import Any

from steelyard_server.http.facts import RequestFacts, begin_facts, facts_of, place_of


def test_facts_stay_with_their_request() -> None:
    scope: dict[str, Any] = {}
    begin_facts(scope, RequestFacts("1"))
    facts_of(scope).route = "/runs"
    assert facts_of(scope) == RequestFacts("1", route="/runs")


def test_the_place_of_an_error_is_file_and_line_without_its_text() -> None:
    try:
        raise ValueError("a secret")
    except ValueError as error:
        place = place_of(error)
    assert place.startswith("[")
    assert "secret" not in place
    assert place_of(ValueError()) == ""
