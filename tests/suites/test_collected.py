"""What several sources gave becomes one: ids are unique, near duplicates go with their reason."""

from __future__ import annotations

from steelyard.records import SuiteItem
from steelyard.suites.collected import Collected, item_id, joined, without_duplicates


def part(*pairs: tuple[str, str]) -> Collected:
    return Collected(
        items=tuple(
            SuiteItem(id=item_id(question, (), answer), question=question, answer=answer) for question, answer in pairs
        )
    )


def test_an_id_follows_from_what_is_asked_whatever_its_white_space() -> None:
    assert item_id("What is  it?", (), "a") == item_id("What is it?", (), " a")
    assert item_id("What is it?", (), "a") != item_id("What is it?", (), "b")


def test_ids_are_unique_when_sources_are_joined() -> None:
    found = joined([part(("x?", "1"), ("y?", "2")), part(("x?", "1"))])
    assert len({item.id for item in found.items}) == 3
    assert found.items[2].id == f"{found.items[0].id}-2"


def test_near_duplicates_go_and_say_why() -> None:
    found = without_duplicates(
        part(("What is the fee for an account?", "5"), ("what is the fee for an account", "6"), ("Who?", "me"))
    )
    assert [item.question for item in found.items] == ["What is the fee for an account?", "Who?"]
    (dropped,) = found.dropped
    assert dropped.check == "duplicate"
    assert dropped.reason.startswith(f"Asks the same as {found.items[0].id}")
    assert dropped.reason.endswith("with another answer.")


def test_the_conversation_is_part_of_what_is_asked() -> None:
    from steelyard.records import Turn

    first = SuiteItem(
        id="a", question="And then?", answer="x", history=(Turn(role="user", text="Tell me about whales"),)
    )
    second = SuiteItem(
        id="b", question="And then?", answer="y", history=(Turn(role="user", text="How do I file taxes"),)
    )
    assert len(without_duplicates(Collected(items=(first, second))).items) == 2
