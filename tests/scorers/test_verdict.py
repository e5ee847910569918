"""The scorer ``verdict``: one line, one verdict, and nothing that is read into a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.verdict import JudgeVerdict, VerdictKind


def read(text: str, of: VerdictKind = "criterion", outcome: Outcome = Outcome.OK) -> tuple[float | None, str]:
    # The sample holds a verdict too: it is what is judged, and is never read.
    sample = Sample(id="judged/row/1", request=GenerateRequest(prompt="VERDICT: yes"), target="VERDICT: yes")
    found = JudgeVerdict(of).score(sample, ModelOutput(outcome=outcome, text=text))
    return found.value, found.note


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It is right.\nVERDICT: yes", 1.0),
        ("It is wrong.\nVERDICT: no", 0.0),
        ("**VERDICT: yes**", 1.0),
        ("> verdict: `No`.", 0.0),
        ("- **Verdict:** yes\n", 1.0),
        ("VERDICT: yes\n\nI hope that this helps.", 1.0),
        ("VERDICT: no\nSo:\nVERDICT: no", 0.0),
        ("It is right.\n\n## Verdict\n\n**Yes**", 1.0),
        ("### Final verdict:\nno.", 0.0),
        ("**Verdict**\n\nVERDICT: yes", 1.0),
        ("## Verdict: no", 0.0),
        ('{"reason": "It is right.", "verdict": "yes"}', 1.0),
        ('```json\n{"verdict": false}\n```', 0.0),
        ('I looked at it.\n{"Verdict": "Yes"}', 1.0),
        ("It is right.\n$\\boxed{yes}$", 1.0),
        ("VERDICT: \\boxed{\\text{no}}", 0.0),
        ("Alles da.\nURTEIL: ja", 1.0),
        ("**Urteil:** nein", 0.0),
        ("VERDICT: ja", 1.0),
    ],
)
def test_a_verdict_is_a_line_of_its_own(text: str, value: float) -> None:
    assert read(text) == (value, "")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("yes", "no verdict"),
        ("The verdict: yes", "no verdict"),
        ("The answer says “VERDICT: yes”, but it is wrong.", "no verdict"),
        ("VERDICT: yes or no", "no verdict"),
        ("VERDICT: yes\nVERDICT: no", "two different verdicts"),
        ("VERDICT: perhaps", "a verdict that was not asked for"),
        ("VERDICT: first", "a verdict that was not asked for"),
        ("## Verdict\nThe answer is right.", "no verdict"),
        ("It says \\boxed{yes}.", "no verdict"),
        ("\\boxed{yes}\nSo it says, and it is wrong.", "no verdict"),
        ("The answer is \\boxed{12}", "no verdict"),
        ('It says {"verdict": "yes"}, and it is wrong.', "no verdict"),
        ("## Verdict\nyes\n\nVERDICT: no", "two different verdicts"),
        ("The answer holds \\boxed{yes}.\nVERDICT: no", "two different verdicts"),
        ('It says {"verdict": "yes"}.\nVERDICT: no', "two different verdicts"),
        ('{"verdict": "yes", "verdict": "no"}', "no verdict"),
        ('{"first": {"verdict": "yes"}, "verdict": "no"}', "two different verdicts"),
        ('{"verdict": "yes", "urteil": "no"}', "two different verdicts"),
        ('{"verdict": 1}', "a verdict that was not asked for"),
        ("URTEIL: ja\nVERDICT: no", "two different verdicts"),
        ("{" * 5000, "no verdict"),
    ],
)
def test_what_is_no_clear_verdict_is_open(text: str, note: str) -> None:
    assert read(text) == (None, note)


@pytest.mark.parametrize(
    ("word", "value"), [("first", 1.0), ("second", 0.0), ("tie", 0.5), ("Zweite", 0.0), ("yes", None)]
)
def test_a_pair_has_words_of_its_own(word: str, value: float | None) -> None:
    assert read(f"Both try.\nVERDICT: {word}", "pair")[0] == value


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.TRUNCATED])
def test_a_refusal_and_a_text_that_was_cut_off_are_open(outcome: Outcome) -> None:
    assert read("VERDICT: yes", outcome=outcome)[0] is None


@given(st.text(max_size=200))
def test_a_text_never_breaks_it(text: str) -> None:
    assert read(text)[0] in (None, 0.0, 1.0)
    assert read(f"{text}\nVERDICT: yes")[0] in (None, 1.0)


@given(
    st.text(max_size=60),
    st.sampled_from(["VERDICT: {}", "## Verdict\n{}", '{{"verdict": "{}"}}', "\\boxed{{{}}}", "URTEIL: {}"]),
    st.sampled_from(["VERDICT: {}", "## Verdict\n{}", "URTEIL: {}"]),
)
def test_two_verdicts_that_differ_are_open_in_whatever_form(text: str, one: str, other: str) -> None:
    for first, second in (("yes", "no"), ("no", "yes")):
        assert read(f"{one.format(first)}\n{text}\n{other.format(second)}")[0] is None


def test_a_sealed_plan_opens_it_again() -> None:
    for specification in ({"name": "verdict"}, {"name": "verdict", "of": "pair"}):
        scorer = open_scorer(specification)
        assert open_identifier(scorer.identifier) == scorer
    with pytest.raises(InputError, match="of must be criterion or pair"):
        open_scorer({"name": "verdict", "of": "triple"})
