"""Python's regular expressions for RE2: the alphabet of bytes, and what is refused."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.util.pattern_translation import translated


def test_characters_that_a_pattern_does_not_tell_apart_share_a_byte() -> None:
    alphabet = translated(r"\d+ é").alphabet
    assert len(set(alphabet.encode("0123456789٣"))) == 1
    assert len(set(alphabet.encode("xyzêß漢"))) == 1
    assert len(set(alphabet.encode("1 éx\n"))) == 5


def test_what_stands_for_a_letter_is_a_letter_where_the_pattern_asks_for_words() -> None:
    encoded = translated(r"\bé.*\b").alphabet.encode("éê漢٣_ –!\u0301\n")
    assert [chr(byte).isalnum() or byte == 0x5F for byte in encoded] == [True] * 5 + [False] * 5


def test_the_last_newline_has_a_byte_of_its_own_where_the_end_is_before_it() -> None:
    first, last = translated(r"a$").alphabet.encode("\n\n")
    assert (first == 0x0A, last) == (False, 0x0A)
    assert translated(r"(?m)a$").alphabet.encode("\n\n") == b"\n\n"


@pytest.mark.parametrize(
    ("pattern", "may_be_empty", "comes_last"),
    [
        ("a", False, True),
        (r"\s*$", True, True),
        (r"(a|b*)", True, True),
        ("(|a)", True, False),
        ("a*?", True, False),
        ("(?:a?)?", True, False),
        ("(?:(a*)){1}", True, False),
        ("a?|b", True, False),
    ],
)
def test_patterns_that_can_match_nothing(pattern: str, may_be_empty: bool, comes_last: bool) -> None:
    found = translated(pattern)
    assert found.may_be_empty == may_be_empty
    assert found.empty_comes_last >= comes_last


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", r"is no pattern: missing \)"),
        ("(" * 1990, "is no pattern"),
        ("a{1,99999999999}", "is no pattern"),
        ("a(?=b)", "looks ahead or behind"),
        ("(?!)", "looks ahead or behind"),
        (r"(a)(?(1)b|c)", "depends on a group"),
        (r"(?P<x>a)(?P=x)", "refers back to a group"),
        (r"\B", r"has \\B"),
        ("(?:a?)*", "repeats what can be empty"),
        ("a{1001}", "counts beyond 1,000"),
        (r"(?m:^)a$", "for every line and"),
        (r"(?a:\b)\b", r"has \\b with \(\?a\)"),
        ("".join(rf"\b{chr(0x4E00 + number)}" for number in range(64)), "tells too many characters apart"),
        ("[" + "".join(map(chr, range(0x4E00, 0x4E00 + 600, 2))) + "]", None),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 300))), "tells too many characters apart"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line(pattern: str, words: str | None) -> None:
    if words is None:
        translated(pattern)
        return
    with pytest.raises(InputError, match=words) as caught:
        translated(pattern)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
