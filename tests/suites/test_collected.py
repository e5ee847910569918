"""Tests for what sources give, together."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.records import SuiteItem, Turn
from steelyard.suites.collected import Collected, item_id, joined, without_duplicates
from steelyard.tasks.suite_file import MadeFrom

LONG = "The station keeps a log of each day. " * 40
ASKED = "How many boats left the harbour on the second day of May?"
ALIKE = "Please tell me, how many boats left the harbour on the second day of May?"


def item(question: str, answer: str = "12", context: str = "", *turns: str) -> SuiteItem:
    history = tuple(Turn(role="user", text=text) for text in turns)
    return SuiteItem(
        id=item_id(question + context, (), answer), question=question, answer=answer, context=context, history=history
    )


def left(*items: SuiteItem) -> list[str]:
    return [each.question for each in without_duplicates(Collected(items=items)).items]


@pytest.mark.parametrize("context", ["", "A log.", LONG, LONG + " Twelve boats left on 2 May, 13 on 3 May."])
def test_near_duplicates_of_one_place_are_one(context: str) -> None:
    assert len(left(item(ASKED, context=context), item(ALIKE, context=context))) == 1
    assert len(left(item(ASKED, context=context), item(ASKED.replace("second", "third"), context=context))) == 2


def test_the_same_question_of_another_context_or_conversation_stays() -> None:
    assert left(
        item(ASKED, context="Log of the harbour of Kiel."), item(ASKED, context="Rules of the sailing club.")
    ) == [
        ASKED,
        ASKED,
    ]
    assert len(left(item(ASKED, "12", "", "Is it the harbour of Kiel?"), item(ASKED, "12", "", "Tell me a joke!"))) == 2


def test_the_same_question_about_another_image_is_another_item() -> None:
    seen = [replace(item(ASKED), images=(each,)) for each in ("a.png", "b.png")]
    assert left(*seen) == [ASKED, ASKED]
    assert left(seen[0], replace(item(ALIKE), images=("a.png",))) == [ASKED]
    assert left(item(ASKED), seen[0]) == [ASKED, ASKED]
    assert item_id("Q?", (), "1") != item_id("Q?", (), "1", ("a.png",))


def test_what_is_dropped_says_of_which_and_whether_the_answers_differ() -> None:
    first = item(ASKED)
    (dropped,) = without_duplicates(Collected(items=(first, item(ALIKE, "13")))).dropped
    assert dropped.check == "duplicate"
    assert dropped.reason.startswith(f"Asks the same as {first.id} (")
    assert dropped.reason.endswith("alike), with another answer.")


def test_parts_are_joined_and_ids_are_unique() -> None:
    part = Collected(items=(item(ASKED),), made_from=(MadeFrom(file="a"),), remarks=("a: read.",), is_german=True)
    found = joined((part, part, Collected(items=(item("Other?"),))))
    assert len({each.id for each in found.items}) == 3
    assert [each.file for each in found.made_from] == ["a", "a"]
    assert (found.remarks, found.is_german, found.asked_whole) == (("a: read.",) * 2, True, False)
