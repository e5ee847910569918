from __future__ import annotations

import io
import json
import logging

from steelyard.server.web.logs import JsonLog, log_uvicorn
from tests.server.site import Site


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


def test_uvicorns_warnings_are_such_lines_without_values() -> None:
    stream = io.StringIO()
    log_uvicorn(JsonLog(stream))
    logger = logging.getLogger("uvicorn.error")
    handlers = logger.handlers
    try:
        try:
            raise ValueError("a secret value")
        except ValueError:
            logger.exception("Exception in %s", "application")
    finally:
        logger.handlers = []
    assert len(handlers) == 1
    line = json.loads(stream.getvalue())
    assert (line["level"], line["failure"]) == ("error", "ValueError")
    assert "secret" not in stream.getvalue()
