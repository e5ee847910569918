"""A model in this process: threads by the settings, and one worker that ends."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.in_process import check_no_effort, processor_name, threads_to_use


def test_threads_and_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_THREADS", raising=False)
    assert threads_to_use(Settings()) == 1
    monkeypatch.setenv("STEELYARD_THREADS", "3")
    assert threads_to_use(Settings()) == 3
    assert threads_to_use(Settings(threads=2)) == 2
    for wrong in ("many", "0", "-1", "9999"):
        monkeypatch.setenv("STEELYARD_THREADS", wrong)
        with pytest.raises(InputError, match="a number from 1 to"):
            threads_to_use(Settings())
    assert processor_name()


def test_there_is_no_reasoning_effort() -> None:
    check_no_effort("gguf:m", Settings())
    with pytest.raises(InputError, match="gguf:m takes no reasoning effort: leave out --reasoning-effort"):
        check_no_effort("gguf:m", Settings(reasoning_effort="high"))
