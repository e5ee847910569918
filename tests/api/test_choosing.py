"""``steelyard.choose`` from Python: the same as the command, with a result that says who was chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import steelyard
from steelyard.errors import InputError
from tests.cli.test_choose import server_of


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [json.dumps({"question": f"What is {a} + {a * 7 % 91}?", "answer": str(a + a * 7 % 91)}) for a in range(120)]
    Path("sums.jsonl").write_text("\n".join(rows))
    return Path("sums.jsonl")


def test_a_list_of_models_in_the_order_of_the_list(sums: Path) -> None:
    with server_of("bad", 20) as bad, server_of("sure", 100) as sure:
        models = [f"openai:bad@{bad.url}", f"openai:sure@{sure.url}"]
        found = steelyard.choose(sums, model=models, target=0.8, concurrency=2)
        assert found.exit_code == 0
        assert found.choice is not None
        assert (found.choice.chosen, found.choice.by, found.choice.target) == ("candidate-2", "order", "0.8")
        assert "Chosen: sure reaches 80 % on sums; the one before it is below." in repr(found)
        assert "Chosen" in found._repr_html_()
        assert steelyard.verify(found.folder).holds
        assert steelyard.report(found.folder).choice == found.choice
        Path("prices.yaml").write_text("bad: {prompt: 2, completion: 2}\nsure: {prompt: 1, completion: 1}\n")
        priced = steelyard.choose(sums, model=models, target="80%", prices="prices.yaml", concurrency=2)
        assert priced.choice is not None
        assert [each.model for each in priced.choice.candidates] == ["sure", "bad"]
        assert "it is the first of the order" in repr(priced)
        measured = steelyard.run(sums, model=models[0], limit=3)
        assert measured.choice is None


def test_what_cannot_be_chosen_from_is_refused(sums: Path) -> None:
    with pytest.raises(TypeError, match="leave repeats out"):
        steelyard.choose(sums, model=["embedded:smollm2"] * 2, target=0.9, repeats=2)
    with pytest.raises(InputError, match="there is one model only"):
        steelyard.choose(sums, model="embedded:smollm2", target=0.9)
    with pytest.raises(InputError, match="--by 'speed': cost or order"):
        steelyard.choose(sums, model=["embedded:smollm2"] * 2, target=0.9, by="speed")
    with pytest.raises(InputError, match="a choice is among candidates alone"):
        steelyard.choose(sums, model={"subject": "embedded:smollm2", "judge": "embedded:smollm2"}, target=0.9)
