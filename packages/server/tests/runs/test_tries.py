from __future__ import annotations

from steelyard_server.runs.tries import tries_in_words


def test_the_words() -> None:
    assert tries_in_words([]) == ""
    assert tries_in_words(["failed"]) == "1 other job of this project asked this model about the same: 1 failed"
    assert tries_in_words(["finished", "cancelled", "finished"]).endswith(": 1 cancelled, 2 finished")
