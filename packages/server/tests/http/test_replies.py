from __future__ import annotations

import json

from steelyard_server.http.replies import json_reply, plain, problem_reply, refusal


def test_short_replies() -> None:
    assert plain(403, "no").body == b"no\n"
    reply = json_reply(200, {"a": "é"})
    assert json.loads(bytes(reply.body)) == {"a": "é"}
    assert bytes(reply.body).isascii()


def test_a_problem_is_one_line_with_a_title() -> None:
    reply = problem_reply(422, "no\n\x1b[31mway")
    assert reply.headers["content-type"] == "application/problem+json"
    found = json.loads(bytes(reply.body))
    assert (found["status"], found["type"]) == (422, "about:blank")
    assert found["detail"].isprintable()


def test_a_refusal_before_the_routes_is_a_problem_for_programs_alone() -> None:
    assert refusal("/api/v1/runs", 413, "large").headers["content-type"] == "application/problem+json"
    assert refusal("/sign-in", 413, "large").body == b"large\n"
