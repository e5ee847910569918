"""A model that is no endpoint is looked at as one is: what it can do decides what could be tested."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.api.model_check import check_model
from steelyard.errors import InputError
from steelyard.models import Settings


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    Path("checked_bot.py").write_text("def answer(messages):\n    return 'always the same'\n")
    yield "python:checked_bot:answer"
    sys.modules.pop("checked_bot", None)


def test_a_function_has_no_server_and_one_that_repeats_itself_brings_no_draws(function: str) -> None:
    steps: list[str] = []
    found = asyncio.run(check_model(function, Settings(), steps.append))
    assert found.server is None
    can = {each.what: each for each in found.can}
    assert can["chat"].text == "asked how many days a week has, it says 'always the same'"
    absent = {"log-likelihoods", "next tokens", "images", "fresh answers", "seed"}
    assert {what for what, each in can.items() if not each.works} >= absent
    assert "vLLM or SGLang" in can["log-likelihoods"].fix
    tests = {each.what: each for each in found.tests}
    assert tests["claims about written answers"].works
    assert tests["claims about images"].text.endswith("; missing: images")
    assert tests["how much answers vary"].text.endswith("; missing: fresh answers")
    assert steps[0] == "the handshake of every audit"
    assert steps[-1] == "a seed"


def test_a_uri_that_names_no_model_is_refused() -> None:
    with pytest.raises(InputError):
        asyncio.run(check_model("nothing", Settings()))
