"""Windows of a benchmark that grows: every usual way to write one, and nothing that could mean two."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks import load_task
from steelyard.tasks.definition import Release
from steelyard.tasks.window import (
    Ambiguous,
    Window,
    check_window,
    is_day,
    parts_named,
    window_in,
    window_named,
    without_window,
)

UNTIL = ("2024-04-01", "2024-06-01", "2024-08-01", "2024-10-01", "2025-02-01", "2025-05-01")
RELEASES = tuple(
    Release(name=f"release_v{number}", file=f"{number}.jsonl", rows=1, until=until)
    for number, until in enumerate(UNTIL, 1)
)
LLAMA = "release_v5:2024-10-01/2025-02-01"
DAYS = st.dates(date(2023, 5, 1), date(2025, 4, 30))


def sealed(*texts: str) -> str:
    found = window_in(texts, RELEASES)
    return "" if found is None else found[0].sealed


@pytest.mark.parametrize(
    "text",
    [
        "2024-10-01 to 2025-02-01",
        "2024-10-01/2025-02-01",
        "2024-10-01..2025-02-01",
        "(2024.10.01 – 2025.02.01)",
        "10/01/2024-02/01/2025",
        "01/10/2024 - 01/02/2025",
        "Oct 2024 - Feb 2025",
        "October 1, 2024 to February 1st, 2025",
        "1 Oct 2024 until 1 Feb 2025",
        "2024/10–2025/02",
        "2024-10-2025-02",
        "problems from 2024.10-2025.02",
        "2410-2502",
        "24.10-25.02",
        "Oct 24 - Feb 25",
        "Oct. '24 – Feb. '25",
        "v5 (October 24 to February 25)",
        "10/2024 - 02/2025",
        "10.2024–2.2025",
        "LiveCodeBench v5 (24.10 – 25.02)",
        "release_v5, 2024-10-01 to 2025-02-01",
        "v5 (2024-10-01 to 2025-02-01)",
        "2024-10-01 to 2025/02/01",
        "2024-10-01 to 02/01/2025",
    ],
)
def test_one_window_in_many_forms(text: str) -> None:
    assert sealed(text) == LLAMA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("May 2023 and Jan 2025", "release_v5:2023-05-01/2025-01-31"),  # a month at the end is counted in whole
        ("2408-2505", "release_v6:2024-08-01/2025-05-01"),  # but for one to whose first day a release reaches
        ("1 Jul 2024 to 1 Jan 2025", "release_v5:2024-07-01/2025-01-01"),
        ("13/01/2024-02/03/2024", "release_v1:2024-01-13/2024-03-02"),  # there is no 13th month
        ("03/13/2024-04/05/2024", "release_v2:2024-03-13/2024-04-05"),
        ("2025-02-01 to 2025-06-01", "release_v6:2025-02-01/2025-06-01"),
        ("release_v6, 2024-10-01 to 2025-02-01", "release_v6:2024-10-01/2025-02-01"),
        ("v6 (Aug 24 - May 25)", "release_v6:2024-08-01/2025-05-01"),  # Kimi K2's own writing
        ("v6 (25.02-25.05)", "release_v6:2025-02-01/2025-05-01"),
        ("release v4", "release_v4"),
        ("LiveCodeBench v5", "release_v5"),
        ("Dec 2024 - Dec 2024", "release_v5:2024-12-01/2024-12-31"),
        ("test", ""),
        ("", ""),
        ("may use tools, 2048 tokens", ""),
    ],
)
def test_what_a_text_states(text: str, expected: str) -> None:
    assert sealed(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("03/04/2024-05/06/2024", "day and month may be exchanged"),
        ("2024-10-01 to 02/03/2025", "day and month may be exchanged"),
        ("since 2024-08", "not both ends"),
        ("2024-2025", "not both ends"),
        ("v6 (since Aug 24)", "names 'Aug 24' and not both ends"),
        ("Aug 24 - May 25, 2025", "a day or a year"),
        ("Aug 24, 2024 - May 25", "a day or a year"),
        ("Aug 24 - Aug 28", "a day or a year"),
        ("Aug 2024 - May 25", "a day or a year"),
        ("13/2024 - 02/2025", "not both ends"),
        ("Oct - Dec 2024", "not both ends"),
        ("2024-10-01 to 2025-02-01 and 2025-03-01", "not both ends"),
        ("2024-10-01 to 2025-02-01, 2024-08-01 to 2025-02-01", "more than one window"),
        ("v5 and v6", "more than one window"),
        ("v4_v5", "a part of a release"),
        ("v5.1", "a part of a release"),
        ("v7", "is not known here"),
        ("release_latest", "another one with time"),
        ("2025-02-01 to 2024-10-01", "ends before it begins"),
        ("2024-13-01 to 2025-01-01", "month must be in"),
        ("2024-02-30 to 2024-03-01", "day is out of range"),
        ("31/31/2024-01/01/2025", "no such day"),
        ("2025-06-01 to 2025-07-01", "does not reach that far"),
        ("v4, 2025-01-01 to 2025-02-01", "does not reach that far"),
    ],
)
def test_what_is_not_clear_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(Ambiguous, match=why) as caught:
        window_in([text], RELEASES)
    assert "\n" not in str(caught.value)
    assert "write subset: 2024-10-01 to 2025-02-01" in str(caught.value)


def test_texts_of_one_claim_must_agree() -> None:
    assert sealed("2024-10-01 to 2025-02-01", "", "livecodebench v5") == LLAMA
    assert sealed("Oct 2024 - Feb 2025", "10/01/2024-02/01/2025") == LLAMA
    with pytest.raises(Ambiguous, match="more than one window"):
        window_in(["release_v6", "livecodebench v5"], RELEASES)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("LiveCodeBench v6 (25.02-25.05)", ["v6", "25.02-25.05"]),
        ("2024-10-01 to 2025-02-01 of release_v5", ["2024-10-01 to 2025-02-01", "release_v5"]),
        ("LiveCodeBench v4_v5", ["v4_v5"]),
        ("LiveCodeBench", []),
    ],
)
def test_the_parts_that_a_name_states_as_they_are_written(text: str, parts: list[str]) -> None:
    assert parts_named(text) == parts


def test_what_was_assumed_is_said() -> None:
    found = window_in(["2024-10-01 to 2025-02-01"], RELEASES)
    assert found is not None
    assert found[1] == (
        "Problems of contests from 2024-10-01 to 2025-02-01 are asked, both days counted in, of release_v5 (the first "
        "release that reaches its end; a later one adds problems of these dates, and is asked where a claim states it)."
    )
    found = window_in(["2024.10-2025.02"], RELEASES)
    assert found is not None
    assert found[1].endswith("to whose first day a release reaches: it ends there.")
    found = window_in(["v6 (Aug 24 - May 25)"], RELEASES)
    assert found is not None
    assert found[1].endswith("Two digits behind a month are read as its year.")
    found = window_in(["v5"], RELEASES)
    assert found is not None
    assert "vendors also give this name to a window of it" in found[1]


@given(DAYS, DAYS)
def test_days_are_read_in_every_form_that_cannot_be_mistaken(one: date, other: date) -> None:
    start, end = sorted((one, other))
    forms = {f"{start} to {end}", f"{start:%b %d, %Y} - {end:%B %d, %Y}", f"{start:%Y/%m/%d}–{end:%Y.%m.%d}"}
    assert len({sealed(form) for form in forms}) == 1
    window = Window.read(sealed(f"{start} to {end}"))
    assert (window.start, window.end) == (start, end)
    assert window.holds(start)
    assert window.holds(end)
    assert not window.holds(start - timedelta(days=1))
    assert not window.holds(end + timedelta(days=1))


@given(DAYS, DAYS)
def test_slashes_are_read_as_one_of_both_orders_or_refused(one: date, other: date) -> None:
    start, end = sorted((one, other))
    try:
        found = sealed(f"{start:%m/%d/%Y} - {end:%m/%d/%Y}")
    except Ambiguous:
        return
    window = Window.read(found)
    assert window.start is not None
    assert window.end is not None
    # What is read is what was meant, or one whose both ends are the first of a month.
    assert (window.start, window.end) == (start, end) or window.start.day == window.end.day == 1


@given(st.text(max_size=120))
def test_any_text_is_a_window_none_or_refused(text: str) -> None:
    try:
        found = window_in([text], RELEASES)
    except Ambiguous:
        return
    assert found is None or Window.read(found[0].sealed) == found[0]


@pytest.mark.parametrize("text", ["", "release_v5:", "v5", "release_v5:2024-10-01", "release_v5:2024-13-01/2025-01-01"])
def test_a_sealed_window_is_read_strictly(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|month"):
        Window.read(text)


def test_what_is_left_of_a_text() -> None:
    assert without_window("hard problems, release_v5: 2024-10-01 to 2025-02-01").split() == ["hard", "problems,", ":"]


def test_days() -> None:
    assert [is_day(text) for text in ("2024-02-29", "2025-02-29", "2024-2-1", "20240201", "")] == [
        True,
        False,
        False,
        False,
        False,
    ]


# ── what a user names for steelyard run ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("task", "text", "sealed"),
    [
        ("livecodebench", "2024-10-01:2025-02-01", "release_v5:2024-10-01/2025-02-01"),
        ("livecodebench", "2024-10-01 to 2025-02-01", "release_v5:2024-10-01/2025-02-01"),
        ("livecodebench", "Oct 2024 - Feb 2025", "release_v5:2024-10-01/2025-02-01"),
        ("livecodebench", "release_v6 2024-10-01:2025-02-01", "release_v6:2024-10-01/2025-02-01"),
        ("livecodebench", "v5", "release_v5"),
        ("mtob", "full book kgv->eng", "ke_full_book"),
    ],
)
def test_a_window_that_a_user_names(task: str, text: str, sealed: str) -> None:
    definition = load_task(task).definition
    assert window_named(definition, text) == sealed
    check_window(definition, sealed)


@pytest.mark.parametrize(
    ("task", "text", "why"),
    [
        ("livecodebench", "lately", "names no window: write 2024-10-01:2025-02-01"),
        ("livecodebench", "2024-10-01", "not both ends"),
        ("livecodebench", "release_v9", "release_v9 is not known here"),
        ("mtob", "half book", "names 0 of ek_half_book"),
        ("gsm8k", "v1", "gsm8k is asked as a whole"),
    ],
)
def test_a_window_that_there_is_not(task: str, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        window_named(load_task(task).definition, text)


@pytest.mark.parametrize("sealed", ["release_v9", "2024", "", "ke_full_book", "release_v5:2024-13-01/2025-02-01"])
def test_a_sealed_window_is_one_of_the_benchmark(sealed: str) -> None:
    with pytest.raises(InputError, match="has no part"):
        check_window(load_task("livecodebench").definition, sealed)
