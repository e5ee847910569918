"""MGSM accuses only where a claim says that its number is over all eleven languages, in whatever words."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.records import Claim, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.all_parts import says_all_parts, without_all_parts, words_of_number
from tests.tasks.test_unsettled import may_accuse

MGSM = load_task("mgsm").definition
EACH = "zh, en, bn, de, es, fr, ja, ru, sw, te, th"


@pytest.mark.parametrize(
    "claim",
    [
        {"samples": 2750}, {"metric": "average of 11 languages"}, {"metric": "em, average over eleven languages"},
        {"metric": "average over all languages"}, {"prompt": "native CoT, all 11"}, {"subset": "all languages"},
        {"subset": "all eleven languages"}, {"subset": "11 languages"}, {"note": "averaged over all 11 languages"},
        {"metric": "Durchschnitt über alle elf Sprachen"}, {"subset": "alle Sprachen"}, {"subset": "alle 11 Sprachen"},
        {"metric": "Mittelwert über 11 Sprachen"}, {"note": EACH}, {"subset": EACH},
        {"metric": "em", "note": "11 languages"},
    ],
)  # fmt: skip
def test_a_claim_over_all_eleven_may_be_rejected(claim: dict[str, Any]) -> None:
    assert may_accuse("mgsm", **claim)


@pytest.mark.parametrize(
    "claim",
    [
        {}, {"shots": 8}, {"prompt": "CoT"}, {"average": "macro"}, {"metric": "average"}, {"harness": "lm-eval"},
        {"note": "beside it: en, es, fr, ja, zh"}, {"note": "five of the eleven languages"}, {"samples": 1250},
        {"metric": "average over all languages that we support"}, {"note": "not all languages"},
        {"note": "all languages supported"}, {"metric": "all languages except English"}, {"metric": "all languages"
         " but English"}, {"note": "in each language"}, {"note": "5 of 11 languages"}, {"metric": "languages"},
        {"prompt": "all five languages"}, {"subset": "fünf Sprachen"}, {"subset": "en, es, fr, ja, zh"},
        {"subset": "all languages of Europe"}, {"note": "nicht alle Sprachen"},
        {"note": "footnote: It supports 11 languages."}, {"note": "the model supports all 11 languages"},
        {"note": "Trained on all languages; evaluated greedily"}, {"note": "fluent in eleven languages"},
    ],
)  # fmt: skip
def test_any_other_claim_may_be_confirmed_and_accuses_nobody(claim: dict[str, Any]) -> None:
    assert not may_accuse("mgsm", **claim)


def test_the_report_says_what_to_write() -> None:
    protocol = load_task("mgsm").protocol_for(Claim(task="MGSM", value="84.2", shots=0))
    assert not protocol.refused
    assert "over how many languages" in protocol.confirms_only
    assert protocol.confirms_only.endswith("write samples: 2750")


def test_a_subset_of_all_is_the_whole() -> None:
    for subset, whole in (("all languages", True), ("elf Sprachen", True), ("ten languages", False)):
        claim = Claim(task="mgsm", value="84.2", protocol=Protocol(subset=subset))
        assert (not load_task("mgsm").protocol_for(claim).refused) is whole


def test_only_of_a_benchmark_with_parts() -> None:
    for name in ("gsm8k", "hellaswag", "chain_sum"):
        definition = load_task(name).definition
        assert not says_all_parts(definition, ("all languages", "1 languages"))
        assert without_all_parts(definition, "all languages") == "all languages"
    assert says_all_parts(load_task("bbh").definition, ("all 27 subtasks",))


def test_its_words() -> None:
    assert without_all_parts(MGSM, "em, 11 languages").split() == ["em,"]
    assert words_of_number(11) == {"11", "eleven", "elf"}
    assert words_of_number(27) == {"27"}
