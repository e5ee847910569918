"""Sealed runs of several models on the same sums, which are wrong on more or fewer of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from testkit.fixtures import SumsServer

__all__ = ["MODELS", "measured", "same_samples"]

# (name, wrong on so many of twenty, price per million tokens)
MODELS = (("gpt-small", 3, "1.5,4"), ("claude-mid", 7, "3,8"), ("plain<b>", 11, ""))


class Wronger(SumsServer):
    """Wrong on so many of twenty prompts."""

    def __init__(self, share: int) -> None:
        super().__init__()
        self.share = share

    def is_wrong(self, first: str, second: str) -> bool:  # type: ignore[override]
        return (int(first) * 7 + int(second)) % 20 < self.share


def measured(work: Path, name: str, share: int, price: str, count: int = 60) -> Path:
    """A sealed run of so many sums."""
    from steelyard.cli import execute

    run = work / f"run-{len([*work.iterdir()])}"
    questions = work / f"sums-{count}" / "sums.jsonl"
    questions.parent.mkdir(exist_ok=True)
    pairs = [(number, number * 7 % 91) for number in range(count)]
    questions.write_text(
        "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
    )
    with pytest.MonkeyPatch.context() as patch, Wronger(share) as server:
        patch.setenv("XDG_STATE_HOME", str(work / "state"))
        patch.setenv("STEELYARD_KEY", str(work / "no-key.pem"))
        more = ["--price", price] if price else []
        assert execute(["run", str(questions), "--model", f"openai:{name}@{server.url}", *more, "--out", str(run)]) == 0
    return run


@pytest.fixture(scope="session")
def same_samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A run of each of ``MODELS``, on the same samples."""
    work = tmp_path_factory.mktemp("same")
    return [measured(work, *each) for each in MODELS]
