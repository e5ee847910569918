"""A watch in sentences."""

from __future__ import annotations

import math

import pytest

from steelyard.watching.changes import Change
from steelyard.watching.standing import standing_of
from steelyard.watching.words import change_words, e_words, headline, percent, remarks, sparkline
from tests.watching.logs import Writer, watched


@pytest.mark.parametrize(
    ("e", "text"), [(0.953, "0.95"), (1, "1"), (12.7, "13"), (283, "283"), (12_345, "12,345"), (3e9, "10^9")]
)
def test_e_has_two_digits_and_no_more(e: float, text: str) -> None:
    assert e_words(math.log(e)) == text


def test_means_and_curves() -> None:
    assert percent(691_234) == "69.1 %"
    assert sparkline([0, 499_999, 500_000, 1_000_000]) == "▁▄▅█"


def test_a_headline_says_what_stands_and_what_ends_an_alarm() -> None:
    writer = Writer()
    writer.end(0.8)
    assert headline(standing_of(writer.log)).startswith("baseline: 1 of 10 passes asked")
    assert "no look was taken yet" in headline(standing_of(watched().log))
    assert headline(standing_of(watched([0.8]).log)).startswith("quiet: after 1 look nothing shows")
    alarm = headline(standing_of(watched([0.2] * 9).log))
    assert alarm.startswith("ALARM since look ")
    assert alarm.endswith("It stays so until you begin another watch with a new baseline")


def test_what_is_missing_lost_open_or_late_is_said() -> None:
    writer = watched()
    writer.end(0.8, at="2026-12-01T06:00:00+00:00", missing=3, open=1, low=740_000)
    writer.lose("gone")
    writer.lose("gave_up")
    writer.begin("2026-12-09T06:00:00+00:00")
    said = " ".join(remarks(standing_of(writer.log)))
    for words in (
        "3 of 50 answers of look 1 are missing: they count as right",
        "1 answer of look 1 cannot be read in one way",
        "look 2, begun 2026-11-27T06:00:00+00:00, is lost (its folder was gone)",
        "is lost (it was given up)",
        "look 4 was begun 2026-12-09T06:00:00+00:00 and is not finished",
        "nobody looked for 12.0 days",
    ):
        assert words in said


def test_names_of_endpoints_are_cut_and_made_visible() -> None:
    said = change_words(Change(kind="served_name", before="m", now="x\x1b[31m\n" + "y" * 500))
    assert "\x1b" not in said
    assert len(said) < 250


def test_a_clock_that_went_back_is_said_once() -> None:
    writer = watched([0.8])
    for year in (1999, 1998, 1997):
        writer.end(0.8, at=f"{year}-01-01T06:00:00+00:00")
    found = [each for each in remarks(standing_of(writer.log)) if "the clock went back" in each]
    assert len(found) == 1
    assert "look 2 is dated 1999-01-01T06:00:00+00:00, before the end of look 1, and so 2 later passes" in found[0]


def test_a_look_far_below_is_said() -> None:
    said = " ".join(remarks(standing_of(watched([0.1]).log)))
    assert "only 10.0 % were right, over 15 points less than the lower bound" in said
