from __future__ import annotations

from datetime import UTC, datetime

import pytest

from steelyard.errors import InputError
from steelyard_server.jobs.cadence import WEEKDAYS, cadence_in_words, cron_of
from steelyard_server.jobs.looks import next_look

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "cron", "words"),
    [
        (("day", "06:05"), "5 6 * * *", "each day at 06:05"),
        (("week", "6:00", "MON"), "0 6 * * MON", "each Monday at 06:00"),
        (("month", "23:59", "", "28"), "59 23 28 * *", "on day 28 of each month at 23:59"),
        (("cron", "", "", "", "*/15 9-17 * * MON-FRI"), "*/15 9-17 * * MON-FRI", "*/15 9-17 * * MON-FRI"),
    ],
)
def test_plain_choices_are_five_fields_and_are_said_in_words(chosen: tuple[str, ...], cron: str, words: str) -> None:
    assert (cron_of(*chosen), cadence_in_words(cron)) == (cron, words)
    next_look(cron, "Europe/Berlin", NOW)


def test_each_day_of_the_week_is_one_that_cron_knows() -> None:
    for weekday, name in WEEKDAYS.items():
        next_look(f"0 6 * * {weekday}", "UTC", NOW)
        assert cadence_in_words(f"0 6 * * {weekday}") == f"each {name} at 06:00"


@pytest.mark.parametrize("cron", ["0 6 1 * MON", "0 6 * 2 *", "0 6 31 * *", "0 6 * * XYZ", "60 6 * * *", "0 24 * * *"])
def test_other_schedules_are_their_fields(cron: str) -> None:
    assert cadence_in_words(cron) == cron


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (("year", "06:00"), "for each day, week or month"),
        (("day", "25:00"), "a time is given as 06:00"),
        (("day", "٠٦:٠٠"), "a time is given as 06:00"),
        (("week", "06:00", "Mon; rm"), "a day of the week is one of MON"),
        (("month", "06:00", "", "31"), "from 1 to 28"),
        (("month", "06:00", "", "٣"), "from 1 to 28"),
    ],
)
def test_what_is_no_choice_is_one_line(chosen: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        cron_of(*chosen)
