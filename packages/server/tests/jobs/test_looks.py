from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_server.jobs.looks import looks_due, next_look

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = "UTC", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def looks(cron: str, after: datetime, count: int, zone: str = BERLIN) -> list[datetime]:
    found = []
    for _ in range(count):
        after = next_look(cron, zone, after)
        found.append(after)
    return found


def test_a_schedule_is_on_the_clock_of_its_place() -> None:
    assert looks("0 6 * * MON", at("2026-07-01T00:00"), 2) == [at("2026-07-06T04:00"), at("2026-07-13T04:00")]
    assert looks("0 6 * * MON", at("2026-12-01T00:00"), 1) == [at("2026-12-07T05:00")]
    assert looks("0 6 * * MON", at("2026-12-01T00:00"), 1, "UTC") == [at("2026-12-07T06:00")]


def test_a_time_that_is_left_out_comes_at_the_moment_after_it() -> None:
    """On 2026-03-29 in Berlin 02:00 is 03:00."""
    assert looks("30 2 * * *", at("2026-03-28T12:00"), 2) == [
        at("2026-03-29T03:00", BERLIN),
        at("2026-03-30T02:30", BERLIN),
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    """On 2026-10-25 in Berlin 03:00 is 02:00 again."""
    first = at("2026-10-25T02:30", BERLIN)
    assert looks("30 2 * * *", at("2026-10-24T12:00"), 2) == [first, at("2026-10-26T02:30", BERLIN)]
    # Whoever asks within the second pass does not get what was in the first.
    assert next_look("30 2 * * *", BERLIN, at("2026-10-25T02:15", BERLIN, fold=1)) == at("2026-10-26T02:30", BERLIN)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_what_is_by_the_quarter_of_an_hour_goes_on_by_real_time(day: str) -> None:
    begun = at(f"{day}T00:00", BERLIN)
    assert looks("*/15 * * * *", begun, 30) == [begun + timedelta(minutes=15 * each) for each in range(1, 31)]


def test_missed_looks_are_counted_and_the_last_one_named() -> None:
    due = looks_due("0 * * * *", "UTC", at("2026-01-01T01:00"), at("2026-01-01T04:59"))
    assert (due.last, due.count, due.next) == (at("2026-01-01T04:00"), 4, at("2026-01-01T05:00"))
    due = looks_due("0 * * * *", "UTC", at("2026-01-01T01:00"), at("2026-01-01T01:00"))
    assert (due.last, due.count, due.next) == (at("2026-01-01T01:00"), 1, at("2026-01-01T02:00"))


def test_years_of_missed_minutes_are_not_counted_one_by_one() -> None:
    due = looks_due("* * * * *", "UTC", at("2020-01-01T00:00"), at("2026-01-01T00:00"))
    assert due.count == 10_000
    assert due.next == at("2026-01-01T00:01")


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("0 6 * *", "UTC"),
        ("0 0 6 * * MON", "UTC"),
        ("@daily", "UTC"),
        ("60 * * * *", "UTC"),
        ("0 0 30 2 *", "UTC"),
        ("0 0 31 4 1#6", "UTC"),
        ("1#2/3 * * * *", "UTC"),
        ("* * * * 1#2/3", "UTC"),
        ("0 6 * * *; rm -rf /", "UTC"),
        ("0  6 * * *", "UTC"),
        ("0 6 * * *", "Mars/Base"),
        ("0 6 * * *", "../../etc/passwd"),
        ("0 6 * * *", "/etc/localtime"),
        ("0 6 * * *", "Europe"),
        ("0 6 * * *", ""),
    ],
)
def test_what_is_no_schedule_is_bad_input(cron: str, zone: str) -> None:
    with pytest.raises(InputError) as caught:
        next_look(cron, zone, datetime.now(UTC))
    assert "\n" not in str(caught.value)


field = st.from_regex(r"[0-9*,/#L-]{1,6}", fullmatch=True) | st.sampled_from(
    ["*", "1", "*/7", "LW", "MON#2", "1-5", "5L"]
)


@given(st.one_of(st.text(max_size=30), st.lists(field, min_size=5, max_size=5).map(" ".join)))
def test_any_text_is_a_schedule_or_bad_input(cron: str) -> None:
    after = at("2026-01-01T00:00")
    try:
        found = next_look(cron, BERLIN, after)
    except InputError:
        return
    assert found > after


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["30 2 * * *", "0 3 * * *", "5 */2 * * *"]),
)
def test_the_next_look_is_always_later_and_none_is_left_out(after: datetime, cron: str) -> None:
    moment = after.replace(tzinfo=UTC)
    first = next_look(cron, BERLIN, moment)
    assert first > moment
    assert first - moment <= timedelta(hours=25)
    assert next_look(cron, BERLIN, first - timedelta(microseconds=1)) == first
