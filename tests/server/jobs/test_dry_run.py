from __future__ import annotations

import msgspec
import pytest

from steelyard.errors import InputError
from steelyard.server.jobs.dry_run import dry_run
from steelyard.server.jobs.messages import Setup
from steelyard.server.jobs.specification import RunSpecification, encode
from tests.conftest import SumsServer
from tests.server.jobs.yard import questions

KEY = "sk-a-key-that-nobody-may-see"


def setup(server: SumsServer) -> Setup:
    port = int(server.url.split(":")[2].partition("/")[0])
    return Setup(
        uri=f"openai:sums@{server.url}", host="127.0.0.1", port=port, key=KEY,
        calls=2, data="/", project="default", project_id=1, job=0, attempt=0, lease_seconds=10.0,
    )  # fmt: skip


def test_what_a_measurement_takes_without_prices(sums_server: SumsServer) -> None:
    asked = RunSpecification(endpoint="here", model="sums", questions={"sums": questions(30)})
    found = dry_run(encode(asked).decode(), setup(sums_server))
    assert (found.calls, found.cost, found.problem) == (30, None, "")
    assert found.prompt_tokens > 30
    assert "2 at a time" in found.assumptions


def test_a_server_that_says_the_key_back_does_not_have_it_shown(sums_server: SumsServer) -> None:
    sums_server.status, sums_server.error = lambda *_: 401, {"message": f"wrong key: {KEY}"}
    asked = RunSpecification(endpoint="here", model="sums", questions={"sums": questions(3)})
    with pytest.raises(InputError) as caught:
        dry_run(encode(asked).decode(), setup(sums_server))
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_waited_for_without_end(sums_server: SumsServer) -> None:
    asked = RunSpecification(endpoint="here", model="sums", questions={"sums": questions(3)})
    with pytest.raises(InputError, match=r"could not be planned within 0\.01 seconds"):
        dry_run(encode(asked).decode(), setup(sums_server), seconds=0.01)


def test_the_platform_itself_is_not_asked(sums_server: SumsServer) -> None:
    asked = RunSpecification(endpoint="here", model="sums", questions={"sums": questions(3)})
    given = setup(sums_server)
    inward = msgspec.structs.replace(given, own=msgspec.structs.replace(given.own, ports=(given.port,)))
    with pytest.raises(InputError, match="the platform itself"):
        dry_run(encode(asked).decode(), inward)
    assert not sums_server.asked
