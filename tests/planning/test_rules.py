"""What scorers and detectors need, by their names."""

from __future__ import annotations

import pytest

from steelyard.planning.rules import compares_texts, former_sentence
from steelyard.planning.samples import as_asked
from steelyard.records import GenerateRequest, Sample
from testkit.plans import measurement, plan

LABELLED = Sample(
    id="a", request=GenerateRequest(prompt="?"), target="1", choices=("Abrechnung", "Kündigung & Rückgabe")
)
PLAIN = Sample(id="b", request=GenerateRequest(prompt="?"), target="1")


@pytest.mark.parametrize(
    "scorer", ["exact", "exact@5", "exact[strict]@4", "exact:strict", "contains", "regex:pattern=@"]
)
def test_a_rule_on_texts_gets_the_text_of_the_right_choice(scorer: str) -> None:
    assert compares_texts(scorer)
    (asked,) = as_asked([LABELLED], 0.0, False, scorer=scorer)
    assert (asked.target, asked.choices, asked.request) == ("Kündigung & Rückgabe", (), LABELLED.request)


@pytest.mark.parametrize(
    "scorer", ["", "option@3", "letter[strict]@2", "choice@1", "judged", "json_schema", "of_a_plugin@1"]
)
def test_a_rule_on_choices_and_every_other_gets_its_number(scorer: str) -> None:
    assert not compares_texts(scorer)
    assert as_asked([LABELLED], 0.0, False, scorer=scorer) == [LABELLED]


def test_a_sample_without_choices_stays_as_it_is() -> None:
    assert as_asked([PLAIN], 0.0, False, scorer="exact@5") == [PLAIN]
    assert (PLAIN.target_text, LABELLED.target_text) == ("1", "Kündigung & Rückgabe")


def test_a_completion_that_is_asked_as_chat_is_not_cut_and_code_is() -> None:
    sample = Sample(id="c", request=GenerateRequest(prompt="?", stop=("Question:",)), target="1")
    (asked,) = as_asked([sample], 0.0, True, scorer="numeric@7")
    assert isinstance(asked.request, GenerateRequest)
    assert (asked.request.chat, asked.request.stop) == (True, ())
    for chat, scorer in ((True, "code[completion]@3"), (False, "numeric@7")):
        (asked,) = as_asked([sample], 0.0, chat, scorer=scorer)
        assert isinstance(asked.request, GenerateRequest)
        assert asked.request.stop == ("Question:",)


@pytest.mark.parametrize(
    ("detectors", "scorers", "said"),
    [
        ((), (), ""),
        (("claim_retest@5", "gate@4", "not_served@3"), ("exact@6", "numeric@8", "exact[strict]@4"), ""),
        (("claim_retest@3", "of_a_plugin@1"), ("exact@1", "of_a_plugin@1", "?"), ""),  # none that opens
        (("claim_retest@4",), (), "Decided by claim_retest@4, a former rule (today's is claim_retest@5)."),
        (
            ("gate@3",),
            ("numeric@7", "numeric[languages]@7"),
            "Decided by gate@3, a former rule (today's is gate@4); numeric@7, a former rule (today's is numeric@8); "
            "numeric[languages]@7, a former rule (today's is numeric[languages]@8).",
        ),
        (
            (),
            ('citation[{"answer":"answer@5"}]@1',),
            'Decided by citation[{"answer":"answer@5"}]@1, a former rule (today\'s is answer@6).',
        ),
        ((), ('citation[{"answer":"answer@6"}]@1',), ""),
    ],
)
def test_former_rules_are_named_with_todays(detectors: tuple[str, ...], scorers: tuple[str, ...], said: str) -> None:
    assert former_sentence(plan(measurement(scorers=scorers), detectors=detectors)) == said
