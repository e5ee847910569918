"""Personal data in items: one value, one placeholder in a conversation; an answer that is personal is no item."""

from __future__ import annotations

from steelyard.records import DroppedItem, SourceSpan, SuiteItem, Turn
from steelyard.suites.collected import Collected
from steelyard.suites.redacting import redacted_items


def test_one_value_has_one_placeholder_in_a_group() -> None:
    items = (
        SuiteItem(
            id="a", question="Write to ada@example.org", answer="done", group="c1",
            history=(Turn(role="user", text="I am bob@example.org"),), context="ada@example.org called",
        ),
        SuiteItem(id="b", question="Again bob@example.org", answer="done", group="c1"),
        SuiteItem(id="c", question="Again bob@example.org", answer="done", group="c2"),
    )  # fmt: skip
    found, replaced = redacted_items(Collected(items=items))
    first, second, third = found.items
    assert first.context == "[EMAIL_1] called"
    assert first.history[0].text == "I am [EMAIL_2]"
    assert first.question == "Write to [EMAIL_1]"
    assert (second.question, third.question) == ("Again [EMAIL_2]", "Again [EMAIL_1]")
    assert len(replaced) == 5
    assert not any("example.org" in each.after for each in replaced)


def test_an_answer_that_is_personal_throws_its_item_out_without_it() -> None:
    item = SuiteItem(id="a", question="Who?", answer="ada@example.org")
    span = SourceSpan(file="f", text="mail bob@example.org")
    before = DroppedItem(check="empty", reason="x", item=SuiteItem(id="b", question="x", source=span))
    found, _ = redacted_items(Collected(items=(item,), dropped=(before,)))
    assert not found.items
    assert [each.check for each in found.dropped] == ["empty", "redacted"]
    assert "example.org" not in repr(found)


def test_names_are_replaced_where_they_are_given() -> None:
    item = SuiteItem(id="a", question="Is Frau Lovelace in?", answer="yes")
    found, _ = redacted_items(Collected(items=(item,)), ["Lovelace"])
    assert "Lovelace" not in found.items[0].question
