"""What a webhook is told: numbers and fixed words, only where something is to be said."""

from __future__ import annotations

import json

from steelyard.watching.alert import alert_of
from steelyard.watching.standing import standing_of
from tests.watching.logs import AT, Writer, watched


def test_a_quiet_watch_says_nothing() -> None:
    assert alert_of(standing_of(watched([0.8]).log), AT) is None
    assert alert_of(standing_of(Writer().log), AT) is None


def test_an_alarm_has_its_numbers() -> None:
    found = alert_of(standing_of(watched([0.2] * 9).log), AT)
    assert found is not None
    alert, delivery = found
    assert (alert["state"], alert["exit"], alert["look"], alert["mean"]) == ("alarm", 1, 9, 0.2)
    assert alert["e"] > alert["level"] == 40
    assert len(delivery) == 32
    assert found == alert_of(standing_of(watched([0.2] * 9).log), AT)
    assert alert_of(standing_of(watched([0.2] * 10).log), AT) != found


def test_no_text_of_an_endpoint_or_a_task_is_in_it() -> None:
    writer = watched(served=("before",))
    writer.end(0.8, served=("now-secret",))
    found = alert_of(standing_of(writer.log), AT)
    assert found is not None
    assert found[0]["changes"] == ["served_name"]
    text = json.dumps(found[0])
    assert "secret" not in text
    assert "sums" not in text


def test_an_unreachable_model_and_missing_answers_are_said() -> None:
    quiet = standing_of(watched([0.8]).log)
    found = alert_of(quiet, AT, unreachable=True)
    assert found is not None
    assert (found[0]["state"], found[0]["exit"], found[0]["unreachable"]) == ("quiet", 4, True)
    writer = watched()
    writer.end(0.8, missing=1, low=780_000)
    missing = alert_of(standing_of(writer.log), AT)
    assert missing is not None
    assert (missing[0]["exit"], missing[0]["missing"]) == (4, 1)
