from __future__ import annotations

import pytest

from steelyard_server.events import KINDS
from steelyard_server.notify.letters import letter_of, subject_of

DATA = {
    "kind": "audit", "model": "qwen\r\nBcc: eve", "path": "/p/default/runs/0", "project": "default",
    "verdict": "inconsistent", "verdicts": {"inconsistent": 1, "not_tested": 2}, "verified": "whole",
}  # fmt: skip


def test_a_mail_says_what_happened_where_to_look_why_it_came_and_how_to_stop_it() -> None:
    assert subject_of("run.inconsistent", DATA) == "[Steelyard] default: a run of qwen Bcc: eve is inconsistent"
    assert letter_of("run.inconsistent", DATA, "https://evals.example").splitlines() == [
        "In the project default: a run was accepted that contradicts a claim or misses a gate.",
        "",
        "model: qwen Bcc: eve",
        "kind: audit",
        "verdict: inconsistent",
        "verified: whole",
        "rows by verdict: inconsistent 1, not tested 2",
        "",
        "https://evals.example/p/default/runs/0",
        "",
        "You get this since you asked for mail about run.inconsistent of the project default.",
        "To stop it: https://evals.example/account/mail",
    ]


def test_one_of_the_server_says_so() -> None:
    data = {"days": 9, "path": "/admin"}
    assert subject_of("backup.overdue", data) == "[Steelyard] server: the last backup is 9 days old"
    assert letter_of("backup.overdue", data, "http://x").startswith(
        "Of the server: the last backup is older than 7 days."
    )


@pytest.mark.parametrize("kind", [*KINDS, "webhook.test", "of.later"])
def test_each_kind_has_a_subject_also_without_what_it_names(kind: str) -> None:
    assert subject_of(kind, {}).startswith("[Steelyard] server: ")
    assert letter_of(kind, {"name": "{0.__class__}", "model": "{model.x}"}, "http://x").endswith("/account/mail\n")
    assert "{" not in subject_of(kind, {"model": "m", "verdict": "v", "job": 1, "schedule": "s", "name": "n", "days": 1,
                                        "ends_at": "2026-11-28T00:00:00Z", "host": "h", "was": "w"})  # fmt: skip
