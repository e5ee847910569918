from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from msgspec.structs import replace

from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard_server.pages.words import (
    bytes_in_words,
    intervals_in_words,
    moment,
    money_in_words,
    verdict_class,
    verdict_in_words,
)
from steelyard_server.runs.summary import summary_of


def test_times_are_in_utc() -> None:
    at = datetime(2026, 11, 28, 1, 17, tzinfo=timezone(timedelta(hours=1)))
    assert moment(at) == moment(at.astimezone(UTC)) == "2026-11-28 00:17 UTC"
    assert moment(None) == "–"


def test_sizes() -> None:
    sizes = (0, 1, 999, 1000, 999_949, 999_950, 1_234_567, 5 * 10**9, 7 * 10**12)
    found = [bytes_in_words(each) for each in sizes]
    assert found == ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "1.2 MB", "5.0 GB", "7.0 TB"]


def test_money_that_is_small_is_not_nothing() -> None:
    amounts = (0, 0.0, 1204.5, Decimal("0.11"), 0.053, Decimal("0.00141"), 1e-9)
    found = [money_in_words(each) for each in amounts]
    assert found == ["0.00", "0.00", "1,204.50", "0.11", "0.053", "0.0014", "0.0000000010"]


def test_verdicts() -> None:
    assert verdict_in_words("insufficient_power") == "insufficient power"
    assert verdict_in_words("") == verdict_in_words("<b>") == "measured"
    assert verdict_in_words("inconsistent", "gate") == "red"
    assert (verdict_class("insufficient_power"), verdict_class("")) == ("insufficient-power", "not-tested")


def test_it_is_said_what_intervals_are_about() -> None:
    summary = summary_of(verified(GOLDEN))
    (claim,) = intervals_in_words(summary)
    assert "of a claim is about all questions of its benchmark" in claim
    measured = tuple(replace(each, word="") for each in summary.rows)
    assert "questions like these" in intervals_in_words(replace(summary, rows=measured))[0]
    assert len(intervals_in_words(replace(summary, rows=(*summary.rows, *measured)))) == 2
    assert intervals_in_words(replace(summary, rows=())) == []
