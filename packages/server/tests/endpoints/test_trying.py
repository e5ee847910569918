"""A real server that speaks OpenAI's API is tried; what may not be called is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.endpoints.rows import Endpoint
from steelyard_server.endpoints.trying import try_endpoint
from testkit.fixtures import SumsServer

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def sums() -> Iterator[SumsServer]:
    with SumsServer() as server:
        yield server


def endpoint(server: SumsServer) -> Endpoint:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    now = datetime.now(UTC)
    return Endpoint(
        id=1, name="Sums", kind="openai", scheme="http", host=parts.hostname, port=parts.port, path="/v1",
        models=("sums",), concurrency=4, price_in=None, price_out=None, made_at=now, retired_at=None, key_set_at=None,
    )  # fmt: skip


def test_what_a_model_can_do_is_found(sums: SumsServer) -> None:
    found = try_endpoint(endpoint(sums), "sums", KEY, OwnPlaces())
    assert found.problem == ""
    assert [each.works for each in found.can if each.what == "chat"] == [True]
    assert found.tests


def test_the_platforms_own_port_is_not_asked(sums: SumsServer) -> None:
    before = sums.asked.total()
    found = try_endpoint(endpoint(sums), "sums", KEY, OwnPlaces(ports=(endpoint(sums).port,)))
    assert found.problem == "127.0.0.1 is not called: this is the platform itself, or its database"
    assert sums.asked.total() == before


@pytest.mark.parametrize(
    ("key", "words", "said"),
    [
        (KEY, "wrong key: {}", ": wrong key: [key] (its key was sent: is it right?)"),
        (KEY, "wrong key: sk-a********-see", " (what else it says may hold a part of its key, so it is not shown)"),
        ("wrong", "{} key", " (what else it says may hold a part of its key, so it is not shown)"),
        ("EMPTY", "no such key", ": no such key (its key was sent: is it right?)"),
    ],
)
def test_a_server_that_quotes_the_key_has_its_status_shown(sums: SumsServer, key: str, words: str, said: str) -> None:
    sums.status, sums.error = lambda *_: 401, {"message": words.format(key)}
    try:
        found = try_endpoint(endpoint(sums), "sums", key, OwnPlaces())
    finally:
        sums.status = lambda *_: 200
    assert found.problem == f"{sums.url} refuses the key: HTTP 401{said}"
    assert f" {key}" not in repr(found).replace("wrong key", "")


def test_a_placeholder_for_a_key_hides_nothing_that_was_found(sums: SumsServer) -> None:
    found = try_endpoint(endpoint(sums), "sums", "x", OwnPlaces())
    assert (found.problem, [each.works for each in found.can if each.what == "chat"]) == ("", [True])
    assert "not shown" not in repr(found)


def test_nothing_there_is_one_line(sums: SumsServer) -> None:
    found = try_endpoint(endpoint(sums), "another-model", "", OwnPlaces(), seconds=0.001)
    assert found.problem
    assert "\n" not in found.problem
