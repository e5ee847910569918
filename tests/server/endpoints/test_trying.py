"""A real server that speaks OpenAI's API is tried; what may not be called is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from steelyard.server.endpoints.addresses import OwnPlaces
from steelyard.server.endpoints.rows import Endpoint
from steelyard.server.endpoints.trying import try_endpoint
from tests.conftest import SumsServer

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


def test_a_server_that_quotes_the_key_does_not_have_it_shown(sums: SumsServer) -> None:
    sums.status, sums.error = lambda *_: 401, {"message": f"wrong key: {KEY}"}
    try:
        found = try_endpoint(endpoint(sums), "sums", KEY, OwnPlaces())
    finally:
        sums.status = lambda *_: 200
    assert found.problem
    assert KEY not in repr(found)
    assert "STEELYARD" not in found.problem


def test_nothing_there_is_one_line(sums: SumsServer) -> None:
    found = try_endpoint(endpoint(sums), "another-model", "", OwnPlaces(), seconds=0.001)
    assert found.problem
    assert "\n" not in found.problem
