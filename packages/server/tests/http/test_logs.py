from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from packages.server.tests.site import Site
from steelyard_server.http.logs import MAX_LINES, JsonLog, log_libraries


def test_each_request_is_a_line_with_its_id_and_route_and_without_what_it_asked(site: Site) -> None:
    client = site.administrator()
    reply = client.get("/p/default/runs/" + "a" * 64 + "?code=secret-code&next=secret-next")
    client.get("/no/such/secret-path")
    client.get("/healthz")
    lines = [json.loads(line) for line in site.lines if line.startswith("{")]
    (found,) = [line for line in lines if line.get("request_id") == reply.headers["x-request-id"]]
    assert (found["route"], found["method"], found["status"]) == ("/p/{project}/runs/{seal}", "GET", 404)
    assert found["caller"].startswith("person ")
    text = "".join(site.lines)
    assert "secret-" not in text
    assert "/healthz" not in text


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError("no space left")

    JsonLog(Full()).write("info", "hello")


@pytest.fixture
def clean_loggers() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    yield
    for each in loggers:
        each.handlers, each.propagate = [], True


@pytest.mark.usefixtures("clean_loggers")
@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio"])
def test_the_libraries_warnings_are_such_lines_without_values(name: str) -> None:
    stream = io.StringIO()
    log_libraries(JsonLog(stream))
    try:
        raise ValueError("a secret value")
    except ValueError:
        logging.getLogger(name).exception("Exception in %s\nsocket: a secret address", "application")
    line = json.loads(stream.getvalue())
    assert (line["level"], line["failure"]) == ("error", "ValueError")
    assert "secret" not in stream.getvalue()


@pytest.mark.usefixtures("clean_loggers")
def test_a_library_that_says_one_thing_again_and_again_does_not_fill_the_disk() -> None:
    stream, seconds = io.StringIO(), [0.0]
    log_libraries(JsonLog(stream), lambda: seconds[0])
    for _ in range(1000):
        logging.getLogger("asyncio").error("socket.accept() out of system resource")
    assert len(stream.getvalue().splitlines()) == MAX_LINES
    seconds[0] = 61.0
    logging.getLogger("asyncio").error("again")
    *_, left_out, last = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (left_out["number"], last["message"]) == (1000 - MAX_LINES, "again")


def test_lines_of_several_threads_do_not_share_one(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", buffering=1) as stream:
        log = JsonLog(stream)

        def write() -> None:
            for number in range(300):
                log.write("info", "x" * 50, number=number)

        threads = [Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len([json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]) == 2_400
