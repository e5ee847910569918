"""The diff to confirm: lines, bounds, hostile texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.redaction.diff import Change, as_plain, as_terminal, changes
from steelyard.suites.redaction.redactor import Placeholders, redact


def diff(text: str) -> list[Change]:
    return changes(text, redact(text, Placeholders()))


def test_each_line_is_shown_before_and_after() -> None:
    found = diff("Hello\nmail anna@example.de or bob@example.de.\n\npassword: hunter2\n")
    assert found == [
        Change(2, "mail anna@example.de or bob@example.de.", "mail [EMAIL_1] or [EMAIL_2]."),
        Change(4, "password: hunter2", "password: [PASSWORD_1]"),
    ]
    assert as_plain(found) == (
        "line 2\n- mail anna@example.de or bob@example.de.\n+ mail [EMAIL_1] or [EMAIL_2].\n"
        "line 4\n- password: hunter2\n+ password: [PASSWORD_1]"
    )
    assert as_terminal(found).plain == as_plain(found) + "\n"


def test_nothing_found_is_nothing_to_show() -> None:
    assert diff("Hello") == []
    assert as_plain([]) == ""


def test_long_lines_are_cut_and_many_places_counted() -> None:
    found = diff(" x" * 5000 + " anna@example.de " + "y " * 5000)
    assert len(found[0].before) < 100
    assert found[0].before.startswith("…")
    assert found[0].before.endswith("…")
    assert as_plain(diff("anna@example.de\n" * 9), limit=2).endswith("\n… and 7 more places")
    assert as_plain(diff("anna@example.de\n" * 9), limit=2).count("[EMAIL_1]") == 2


def test_a_key_of_many_lines_is_one_place() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + ("A1b2" * 16 + "\n") * 20 + "-----END PRIVATE KEY-----"
    found = diff(f"before\n{key}\nafter anna@example.de")
    assert [(change.line, change.after) for change in found] == [(2, "[PRIVATE_KEY_1]"), (24, "after [EMAIL_1]")]
    assert len(found[0].before) <= 240


def test_hostile_texts_are_escaped() -> None:
    found = diff("\x1b[31m\u202e[bold]anna@example.de\x07[/bold]")
    shown = as_terminal(found).plain
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\x07" not in shown
    assert "[bold]" in shown


@given(st.text(alphabet="a@.de\n \r\x1b", max_size=200))
def test_every_change_is_one_line_of_printable_text(text: str) -> None:
    for change in diff(text):
        assert change.before.isprintable()
        assert change.after.isprintable()
        assert 1 <= change.line <= text.count("\n") + 1
