"""The verdict as a whole in words: the sentence, the count of each word, the meaning of the exit code."""

from __future__ import annotations

import msgspec

from steelyard.records import Verdict, VerdictWord
from steelyard.reports import headlines
from tests.reports import report_fixtures as make


def _only(*indices: int, word: VerdictWord) -> Verdict:
    full = make.verdict()
    return msgspec.structs.replace(
        full,
        verdict=word,
        findings=(),
        notes=(),
        claims=tuple(full.claims[index] for index in indices),
        measurements=(),
    )


def test_the_headline_states_the_result() -> None:
    full = make.verdict()
    assert headlines.headline(full) == (
        "Inconsistent: the served model does not reach the claim on GSM8K (57.0 %), under this configuration; "
        "the desk screen has 1 finding. 2 answers are missing."
    )
    hedged = msgspec.structs.replace(full.claims[1], open=96, missing=1)
    said = headlines.headline(msgspec.structs.replace(full, claims=(hedged,)))
    assert said.endswith(". 96 answers are open (cut off, or readable in two ways), 1 answer is missing.")
    twice = msgspec.structs.replace(full, findings=(), claims=(*full.claims, full.claims[1]))
    assert "does not reach 2 of 8 claims" in headlines.headline(twice)
    screened = msgspec.structs.replace(full, claims=(), measurements=())
    assert headlines.headline(screened) == "Inconsistent: the desk screen has 1 finding."
    assert headlines.headline(_only(0, word=VerdictWord.CONSISTENT)) == (
        "Consistent: the claim holds to within 2.0 points, under this configuration."
    )
    assert headlines.headline(_only(word=VerdictWord.CONSISTENT)) == (
        "Consistent: no test found anything beyond what chance explains."
    )
    assert "all 2 claims hold" in headlines.headline(_only(0, 0, word=VerdictWord.CONSISTENT))
    assert "1 of 2 claims could not be decided" in headlines.headline(_only(0, 2, word=VerdictWord.INSUFFICIENT_POWER))
    assert "1 claim cannot be tested" in headlines.headline(_only(3, word=VerdictWord.NOT_TESTABLE))
    assert "1 of 2 claims could not be tested" in headlines.headline(_only(0, 4, word=VerdictWord.NOT_TESTED))
    assert headlines.headline(_only(4, word=VerdictWord.NOT_TESTED)) == "Not tested: no claim was tested on a model."


def test_scores_of_several_models_say_whose_they_are() -> None:
    one = make.measured_verdict()
    other = msgspec.structs.replace(one.measurements[0], role="candidate-2", model="m-2")
    said = headlines.headline(msgspec.structs.replace(one, measurements=(*one.measurements, other)))
    assert said.startswith("Measured: HumanEval 41.3 % (")
    assert "; HumanEval (candidate-2) 41.3 % (" in said
