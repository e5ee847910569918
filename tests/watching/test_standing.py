"""Where a watch stands, from its log alone: E, the alarm, and what missing answers and lost looks count as."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import ExitCode
from steelyard.records.watching import PassFacts
from steelyard.stats.watching import MICRO, Watch, look
from steelyard.watching.passes import baseline_from
from steelyard.watching.standing import standing_of
from tests.watching.logs import AT, ITEMS, Writer, watched


def test_before_the_baseline_is_whole_nothing_is_said() -> None:
    writer = Writer()
    writer.end(0.8)
    standing = standing_of(writer.log)
    assert (standing.word, standing.exit, standing.last) == ("baseline", ExitCode.UNDECIDED, None)


def test_a_watch_without_a_change_is_quiet() -> None:
    standing = standing_of(watched([0.8] * 30).log)
    assert (standing.word, standing.exit, standing.alarm, standing.since) == ("quiet", 0, None, None)


def test_e_is_that_of_the_statistics() -> None:
    writer = watched([0.8, 0.5, 0.62])
    assert writer.log.baseline is not None
    baseline, state = baseline_from(writer.log.baseline, 10, 0.05), Watch()
    for found, share in zip(standing_of(writer.log).looks, (0.8, 0.5, 0.62), strict=True):
        state = look(baseline, state, round(share * MICRO))
        assert found.log_e == state.log_e


def test_an_alarm_stays_although_the_model_is_good_again() -> None:
    standing = standing_of(watched([0.8, 0.8, *[0.4] * 20, *[0.9] * 50]).log)
    assert (standing.word, standing.exit) == ("alarm", ExitCode.INCONSISTENT)
    assert standing.alarm is not None
    assert 3 <= standing.alarm <= 14
    assert standing.since is not None
    assert standing.since <= standing.alarm
    assert standing.looks[-1].log_e < np.log(standing.level)


def test_missing_answers_raise_no_alarm_and_are_said() -> None:
    """An endpoint that fails where it would be wrong: no alarm, exit 4, and what they would have been as wrong."""
    writer = watched()
    for _ in range(10):
        writer.end(0.8, low=400_000, high=800_000, missing=20)
    standing = standing_of(writer.log)
    assert (standing.word, standing.alarm) == ("quiet", None)
    assert standing.exit == ExitCode.PLAN_NOT_MET
    assert standing.alarm_if_wrong is not None
    writer.end(0.8)
    assert standing_of(writer.log).exit == ExitCode.CONSISTENT


def test_a_lost_look_is_no_bet_and_is_named() -> None:
    writer = watched([0.8])
    before = standing_of(writer.log).looks[-1].log_e
    writer.lose("gave_up")
    standing = standing_of(writer.log)
    assert standing.looks[-1].log_e == before
    assert standing.looks[-1].log_e_if_wrong > before
    assert [each.words for each in standing.lost] == ["look 2"]
    assert standing.exit == ExitCode.PLAN_NOT_MET
    writer.end(0.8)
    beside = standing_of(watched([0.8, 0.8]).log)
    assert standing_of(writer.log).looks[-1].log_e == beside.looks[-1].log_e
    assert standing_of(writer.log).exit == ExitCode.CONSISTENT


def test_bad_days_that_are_dropped_show_in_the_other_bound() -> None:
    writer = watched()
    for _ in range(12):
        writer.lose()
    standing = standing_of(writer.log)
    assert (standing.alarm, standing.last) == (None, None)
    assert standing.alarm_if_wrong is not None


def test_an_open_look_is_no_bet_yet() -> None:
    writer = watched([0.8])
    before = standing_of(writer.log).looks[-1].log_e
    writer.begin()
    standing = standing_of(writer.log)
    assert (standing.looks[-1].facts, standing.looks[-1].log_e) == (None, before)
    assert standing.exit == ExitCode.PLAN_NOT_MET
    assert standing.last is not None
    assert standing.last.number == 1


def test_a_look_that_is_dated_back_is_known() -> None:
    writer = watched([0.8])
    assert standing_of(writer.log).dated_back == ()
    writer.end(0.8, at="1999-01-01T06:00:00+00:00")
    writer.end(0.8)
    ((before, after),) = standing_of(writer.log).dated_back
    assert (before.words, after.words) == ("look 1", "look 2")


def test_a_look_far_below_is_a_remark_and_no_alarm() -> None:
    standing = standing_of(watched([0.8, 0.1]).log)
    assert [each.kind for each in standing.looks[1].changes] == ["rate"]
    assert standing.looks[0].changes == ()
    assert (standing.word, standing.exit) == ("quiet", ExitCode.CONSISTENT)


def test_the_longest_time_without_a_look() -> None:
    writer = watched()
    for day in (1, 2, 9, 10):
        writer.end(0.8, at=f"2026-12-{day:02}T06:00:00+00:00")
    assert standing_of(writer.log).longest_gap.days == 7


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_honest_watches_seldom_alarm(rate: float) -> None:
    """60 watches of 60 sampled looks, each with a baseline of its own: at most 5 % may alarm in all their days."""
    random, alarms = np.random.default_rng(20261127), 0
    for _ in range(60):
        writer = Writer()
        passes = (random.random((10, ITEMS)) < rate).astype(float)
        for each in passes:
            writer.end(float(each.mean()))
        from steelyard.watching.passes import baseline_line

        writer.add(baseline_line(passes.tolist(), 0.05, writer.log.lines, writer.log.head, AT))
        for share in random.binomial(ITEMS, rate, 60) / ITEMS:
            writer.end(float(share))
        alarms += standing_of(writer.log).alarm is not None
    assert alarms <= 8  # P(binomial(60, .05) > 8) = .001


def test_facts_of_the_baseline_are_what_changes_are_held_against() -> None:
    writer = watched(answer_tokens=10, served=("m-1",))
    writer.end(0.8, answer_tokens=10, served=("m-1",))
    writer.end(0.8, answer_tokens=40, served=("m-2",))
    first, second = standing_of(writer.log).looks
    assert first.changes == ()
    assert [each.kind for each in second.changes] == ["served_name", "tokens"]
    assert isinstance(second.facts, PassFacts)
