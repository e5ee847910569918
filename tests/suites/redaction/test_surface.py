"""Look-alike characters become plain ones, and every place keeps its place in the original."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.suites.redaction.surface import plain_text


def test_dashes_spaces_digits_and_full_width_forms_become_ascii() -> None:
    assert plain_text("0171‑123\N{NARROW NO-BREAK SPACE}45").text == "0171-123 45"
    assert plain_text("ａ＠ｂ．ｄｅ").text == "a@b.de"
    assert plain_text("٣٤ − १२").text == "34 - 12"
    assert plain_text("Grüße, 5 €").text == "Grüße, 5 €"


def test_invisible_characters_are_left_out_and_places_stay() -> None:
    original = "an a\N{ZERO WIDTH SPACE}nna@ex\N{SOFT HYPHEN}ample.de!"
    plain = plain_text(original)
    assert plain.text == "an anna@example.de!"
    start = plain.text.index("anna")
    first, last = plain.original(start, start + len("anna@example.de"))
    assert original[first:last] == "a\N{ZERO WIDTH SPACE}nna@ex\N{SOFT HYPHEN}ample.de"


@given(st.text())
def test_each_character_comes_from_one_place_of_the_original(text: str) -> None:
    plain = plain_text(text)
    places = [plain.original(place, place + 1) for place in range(len(plain.text))]
    assert all(end == start + 1 for start, end in places)
    assert places == sorted(set(places))
    assert plain_text(plain.text).text == plain.text
