from __future__ import annotations

from urllib.parse import urlencode

import pytest

from steelyard.errors import InputError
from steelyard_server.api.queries import query_of
from steelyard_server.web.call import Call
from steelyard_server.wire.records import RunQuery


def asked(*pairs: tuple[str, str]) -> RunQuery:
    from starlette.requests import Request

    scope = {"type": "http", "query_string": urlencode(pairs).encode(), "headers": [], "path": "/", "path_params": {}}
    return query_of(Call(Request(scope), None), RunQuery)  # type: ignore[arg-type]


def test_parameters_are_read_and_have_defaults() -> None:
    found = asked(("verdict", "none"), ("before", "12"), ("subject", "a b"))
    assert (found.verdict, found.before, found.subject, found.limit) == ("none", 12, "a b", 50)
    assert not asked().kind


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("limit", "0")], "the parameter limit: "),
        ([("limit", "101")], "the parameter limit: "),
        ([("limit", "x")], "the parameter limit: "),
        ([("before", "-1")], "the parameter before: "),
        ([("before", "9" * 5000)], "the parameter before: "),
        ([("kind", "null")], "the parameter kind: "),
        ([("verdict", "green")], "the parameter verdict: "),
        ([("subject", "x" * 201)], "the parameter subject: "),
        ([("kind", "run"), ("kind", "gate")], "the parameter kind is there twice"),
        ([("offset\x1b\n", "1")], "there is no parameter"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(pairs: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        asked(*pairs)
    assert str(caught.value).isprintable()
