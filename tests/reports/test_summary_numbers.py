"""Numbers, dates and lists as English and as German writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from steelyard.reports.summary_numbers import Numbers

EN, DE = Numbers(ENGLISH.notation), Numbers(GERMAN.notation)


def plain(text: str) -> str:
    """Without the no-break spaces between a number and its unit."""
    assert " %" not in text
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_counts_and_shares() -> None:
    assert [EN.count(14042), DE.count(14042)] == ["14,042", "14.042"]
    assert [EN.about(1187), DE.about(1187)] == ["1,200", "1.200"]
    assert [plain(each.share(0.413, "percent")) for each in (EN, DE)] == ["41.3 %", "41,3 %"]
    assert [each.share(0.413, "fraction") for each in (EN, DE)] == ["0.413", "0,413"]
    assert DE.share(None, "percent") == "–"


def test_intervals() -> None:
    assert [plain(each.interval((0.381, 0.446), "percent")) for each in (EN, DE)] == ["38.1–44.6 %", "38,1–44,6 %"]
    ends = DE.bounds((0.381, 0.446), "percent")
    assert (ends["low"], plain(ends["high"])) == ("38,1", "44,6 %")


def test_points() -> None:
    assert [plain(each.points(0.0425, "percent")) for each in (EN, DE)] == ["4.25 points", "4,25 Punkte"]
    assert [each.points(0.02, "fraction") for each in (EN, DE)] == ["0.020", "0,020"]
    assert plain(DE.percent_points("8.4")) == "8,4 Punkte"


@pytest.mark.parametrize(
    ("alpha", "english", "german"),
    [(0.05, "5 of 100", "5 von 100"), (0.01, "1 of 100", "1 von 100"), (0.0001, "1 of 10,000", "1 von 10.000")],
)
def test_error_rates_are_whole_numbers(alpha: float, english: str, german: str) -> None:
    assert [EN.rate(alpha), DE.rate(alpha)] == [english, german]


def test_levels() -> None:
    assert [plain(each.level(alpha)) for each in (EN, DE) for alpha in (0.05, 0.001)] == [
        "95 %",
        "99.9 %",
        "95 %",
        "99,9 %",
    ]


@pytest.mark.parametrize(
    ("seconds", "german"),
    [
        (0, "1 Sekunde"),
        (40, "40 Sekunden"),
        (1260, "21 Minuten"),
        (12600, "3,5 Stunden"),
        (1036800, "12 Tage"),
        (90, "2 Minuten"),
    ],
)
def test_durations(seconds: float, german: str) -> None:
    assert plain(DE.duration(seconds)) == german


def test_money() -> None:
    assert [DE.money(1234.5), EN.money(1234.5), DE.money(0.0042), EN.money(0.0)] == [
        "1.234,50",
        "1,234.50",
        "0,0042",
        "0.00",
    ]


def test_dates() -> None:
    assert [each.date("2026-11-26") for each in (EN, DE)] == ["26 November 2026", "26. November 2026"]
    assert DE.date("2026-03-01T23:30:00-02:00") == "2. März 2026, 01:30 Uhr (UTC)"
    assert EN.moment(datetime(2026, 11, 26, 10, 36, tzinfo=UTC)) == "26 November 2026, 10:36 UTC"


def test_a_date_that_is_none_stays_as_it_is_and_bounded() -> None:
    assert DE.date("spring\x1b[31m 2026") == "spring\N{REPLACEMENT CHARACTER}[31m 2026"
    assert len(DE.date("x" * 500)) == 24


def test_lists() -> None:
    assert [DE.names(list("abcde"[:number])) for number in range(6)] == [
        "",
        "a",
        "a und b",
        "a, b und c",
        "a, b, c und 1 weitere",
        "a, b, c und 2 weitere",
    ]
    assert EN.names(list("abcd")) == "a, b, c and 1 more"
