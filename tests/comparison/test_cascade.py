"""A cascade of two finished runs: by answers whose length says how sure they are, by agreement, by what is unread."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from aiohttp import web

import steelyard
from steelyard.cli import execute
from steelyard.comparison.cascade import SIGNALS, cascade_of
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers, read_run
from steelyard.errors import InputError
from steelyard.records import Measurement
from steelyard.stats.elimination import evaluate_cascade
from testkit.fixtures import SUM, SumsServer


class LongWhenUnsure(SumsServer):
    """Writes more tokens where it is wrong, mostly; says nothing that can be read in some of the wrong answers."""

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = SUM.search(prompt)
        wrong = bool(found and self.is_wrong(*found.groups()))
        self.asked[prompt] += 1
        text = "no sum" if not found else str(int(found[1]) + int(found[2]) + (self.asked[prompt] if wrong else 0))
        if wrong and zlib.crc32(prompt.encode()) % 4 == 0:
            text = "I cannot say."
        tokens = (40 if wrong else 4) + zlib.crc32(prompt.encode()) % 7
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of 120 sums, ``small`` with repeats and ``large``, and one run of both, in the same order each time."""
    folder = tmp_path_factory.mktemp("cascades")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_hex", lambda size: "5eed")
        _ask(folder)
    return folder


def _ask(folder: Path) -> None:
    pairs = [(number, number * 7 % 91) for number in range(120)]
    rows = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in pairs]
    (folder / "sums.jsonl").write_text("\n".join(rows))
    with LongWhenUnsure() as small, SumsServer() as large:
        small.name, large.name = "small", "large"
        small.is_wrong = lambda first, second: zlib.crc32(f"{first}|{second}".encode()) % 10 < 4  # type: ignore[method-assign]
        large.is_wrong = lambda first, second: False  # type: ignore[method-assign]
        models = [f"openai:{name}@{server.url}" for name, server in (("small", small), ("large", large))]
        file = str(folder / "sums.jsonl")
        asked = ["run", file, "--price", "1,2", "--model"]
        repeated = [*asked, models[0], "--repeats", "3", "--temperature", "0.5", "--out", str(folder / "small")]
        assert execute(repeated) == 0
        assert execute([*asked, models[1], "--out", str(folder / "large")]) == 0
        assert execute([*asked, models[0], "--model", models[1], "--out", str(folder / "both")]) == 0


def test_one_run_of_two_models_is_a_cascade_and_the_second_half_measures_it(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = steelyard.cascade(runs / "both", signal="length", target="95%")
    assert (found.samples, found.tuned_on, found.exit) == (60, 60, 3)
    small, large = read_run(str(runs / "both"))
    one, other = ([*run.measured[0].samples.values()] for run in (small, large))
    by_hand = evaluate_cascade(
        [-float(each.completion_tokens) for each in one],
        [int(each.first == 1) for each in one],
        [int(each.first == 1) for each in other],
        (0.0, 0.0),
        0.95,
    )
    assert (found.threshold, found.cascade.right, found.escalated) == (
        by_hand.threshold,
        by_hand.right,
        by_hand.escalated,
    )
    assert found.small.right < found.cascade.right
    assert 0 < found.escalated < 40
    assert found.cascade.cost is not None
    assert found.large.cost is not None
    assert found.small.cost is not None
    assert found.small.cost_per_right is not None
    assert found.small.cost < found.small.cost_per_right
    assert execute(["cascade", str(runs / "both"), "--signal", "length", "--target", "0.95"]) == 3
    said = capsys.readouterr().out
    assert "It is not sure that the cascade reaches 95 %" in said
    assert "too good by chance" in said
    assert execute(["cascade", str(runs / "both"), "--signal", "length", "--target", "0.3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "steelyard-cascade/1"
    assert document["signal"] == "length"


def test_agreement_of_repeats_is_a_signal_and_so_is_what_cannot_be_read(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_agreement = steelyard.cascade(runs / "small", runs / "large", signal="agreement", target=0.8)
    assert by_agreement.threshold == pytest.approx(1 / 3)
    assert by_agreement.cascade.right > by_agreement.small.right
    assert by_agreement.small.name == "small"
    # Reading alone does not find all wrong answers: the best that it can do is to ask the large one always.
    unread = steelyard.cascade(runs / "both", signal="unread", target=0.99)
    assert (unread.threshold, unread.escalated, unread.cascade.right) == (1, 60, 60)
    capsys.readouterr()
    assert execute(["cascade", str(runs / "both"), "--signal", "unread", "--target", "0.99"]) == unread.exit
    assert "No cascade was found: every sample goes to the large model, and so " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "signal", "target", "said"),
    [
        (["both"], "agreement", "0.9", "--signal agreement: the small model was asked once"),
        (["both"], "margin", "0.9", "--signal margin: the small model wrote text"),
        (["both"], "mood", "0.9", "there is no signal 'mood'"),
        (["both"], "length", "0", "it is above 0 and at most 1"),
        (["both"], "length", "x", "it is above 0 and at most 1"),
        (["small"], "length", "0.9", "a cascade is of two models"),
        (["small", "both"], "length", "0.9", "and 3 are given"),
    ],
)
def test_what_cannot_be_a_cascade_is_one_line(
    runs: Path, given: list[str], signal: str, target: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        steelyard.cascade(*(runs / name for name in given), signal=signal, target=target)


def test_a_task_that_they_do_not_share_and_a_choice_that_stopped_early_are_refused(runs: Path) -> None:
    with pytest.raises(InputError, match="they share: sums"):
        steelyard.cascade(runs / "both", signal="length", target=0.9, task="other")
    small, large = read_run(str(runs / "both"))
    early = replace(small, measured=(replace(small.measured[0], ended="scores"),))
    with pytest.raises(InputError, match="a test of its scores may have stopped"):
        cascade_of([early, large], "length", Fraction(9, 10))


def test_the_margin_is_that_of_the_two_best_choices() -> None:
    measurement = Measurement(
        id="m", task="t", prompt="p", kind="loglikelihood", scorers=("choice@1",), population=1, samples_root="",
        order_seed="",
    )  # fmt: skip
    scores = MeasuredScores(measurement, "choice@1", {})

    def margin(*logprobs: float) -> float:
        return SIGNALS["margin"](scores, SampleAnswers(1.0, 1.0, "", "", (logprobs,)))

    assert margin(-3.0, -1.0, -1.5) == pytest.approx(0.5)
    assert margin(-1.0) == -math.inf
    assert SIGNALS["unread"](scores, SampleAnswers(0.0, 0.0, "", "", ("a",), 0.0, is_unparsed=True)) == 0
    assert SIGNALS["unread"](scores, SampleAnswers(0.0, 0.0, "", "", ("a",), 0.0)) == 1
    assert SIGNALS["unread"](scores, SampleAnswers(0.0, 1.0, "", "", ("a",))) == 0
