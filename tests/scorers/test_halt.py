"""A stop switch: it ends what is running, and nothing starts after it."""

from __future__ import annotations

import pytest

from steelyard.scorers.halt import Halt, Halted


def test_stop_ends_what_is_running_and_only_that() -> None:
    halt, ended = Halt(), list[str]()
    with halt.ends(lambda: ended.append("over")):
        pass
    with halt.ends(lambda: ended.append("running")):
        halt.check()
        halt.stop()
    halt.stop()
    assert ended == ["running"]


def test_nothing_starts_after_a_stop() -> None:
    halt = Halt()
    halt.stop()
    with pytest.raises(Halted):
        halt.check()
    with pytest.raises(Halted), halt.ends(lambda: None):
        raise AssertionError
