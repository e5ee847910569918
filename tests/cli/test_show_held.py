"""What an endpoint gave to an identity check, as ``steelyard show`` prints it: hostile text stays text."""

from __future__ import annotations

import json

import pytest

from steelyard.cli.show_held import _likeliest, show_held
from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome
from steelyard.storage.run_folder import RunFolder
from tests.assets.make_golden import GOLDEN


def tokens(text: str, *values: float) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=text, logprobs=values)


def test_the_likeliest_next_tokens_are_shown_with_their_values() -> None:
    assert (
        _likeliest(tokens('[" the","\\u001b[31m",","]', -0.5, -1.25, -2.0))
        == r"' the' -0.50, '\x1b[31m' -1.25, ',' -2.00"
    )
    assert _likeliest(tokens(json.dumps(list("abcdefg")), *(-1.0,) * 7)).count("-1.00") == 5


@pytest.mark.parametrize("text", ["", "no list", "[1]", '{"a":1}'])
def test_what_is_no_list_of_tokens_is_nothing(text: str) -> None:
    assert _likeliest(tokens(text, -0.5)) == ""


def test_what_was_withheld_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    show_held(RunFolder.open(GOLDEN), 2, (), as_json=False)
    said = capsys.readouterr().out
    assert said.count("  prompt ") == 2
    assert "2 of " in said
    assert "--limit 0 shows all" in said
    show_held(RunFolder.open(GOLDEN), 2, (), as_json=True)
    assert len(json.loads(capsys.readouterr().out)["answers"]) > 2


def test_choosing_among_answers_is_refused() -> None:
    with pytest.raises(InputError, match="--wrong: in an identity check nothing is right or wrong"):
        show_held(RunFolder.open(GOLDEN), 2, ("--wrong",), as_json=False)
