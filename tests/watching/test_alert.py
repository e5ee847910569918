"""What a webhook is told: numbers and fixed words, only where something is to be said."""

from __future__ import annotations

import json

import pytest

from steelyard.errors import DeadlineExceeded, InputError, ModelUnavailable, StorageError, VerificationError
from steelyard.watching.alert import alert_of, ending_of, failure_alert
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
    assert alert["e"] > alert["level"] == 25
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


def test_missing_answers_are_said() -> None:
    writer = watched()
    writer.end(0.8, missing=1, low=780_000)
    missing = alert_of(standing_of(writer.log), AT)
    assert missing is not None
    assert (missing[0]["exit"], missing[0]["missing"], missing[0]["ended"]) == (4, 1, "")


@pytest.mark.parametrize(
    ("error", "word", "code", "unreachable"),
    [
        (ModelUnavailable("no /secret/path"), "unreachable", 4, True),
        (DeadlineExceeded("/secret"), "deadline", 4, True),
        (StorageError("/secret"), "storage", 4, False),
        (OSError(28, "no space left on /secret"), "storage", 2, False),
        (InputError("/secret"), "refused", 2, False),
        (VerificationError("/secret"), "evidence", 1, False),
        (RuntimeError("/secret"), "internal", 70, False),
    ],
)
def test_every_early_end_has_a_fixed_word(error: Exception, word: str, code: int, unreachable: bool) -> None:
    alert, _ = failure_alert(standing_of(watched([0.8]).log), error, AT)
    assert (alert["state"], alert["ended"], alert["exit"], alert["unreachable"]) == ("quiet", word, code, unreachable)
    assert "secret" not in json.dumps(alert)
    unread, _ = failure_alert(None, error, AT)
    assert (unread["state"], unread["ended"], unread["exit"], unread["at"]) == ("unknown", word, code, AT)


def test_a_full_disk_is_storage_however_it_is_reported() -> None:
    failed = InputError("cannot be written")
    failed.__cause__ = OSError(28, "no space left on device")
    assert ending_of(failed) == "storage"


def test_two_outages_are_two_deliveries() -> None:
    standing, error = standing_of(watched([0.8]).log), ModelUnavailable("down")
    first = failure_alert(standing, error, AT)[1]
    assert first == failure_alert(standing, error, AT)[1]
    assert first != failure_alert(standing, error, "2026-11-28T06:00:00+00:00")[1]
