"""What a webhook is told: numbers and fixed words, and no text of a question, an answer or an endpoint."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from steelyard.errors import (
    DeadlineExceeded,
    ExitCode,
    InputError,
    ModelUnavailable,
    SteelyardError,
    StorageError,
    VerificationError,
)
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.stats.watching import MICRO
from steelyard.watching.standing import Standing

__all__ = ["ALERT_FORMAT", "Ending", "alert_of", "ending_of", "failure_alert"]

ALERT_FORMAT: Final = "steelyard-watch-alert/1"
Ending = Literal["unreachable", "deadline", "storage", "refused", "evidence", "internal"]
"""How a look ended early; the message of the error stays on the machine, since it may name files and models."""

_ENDINGS: Final[tuple[tuple[type[Exception], Ending], ...]] = (
    (ModelUnavailable, "unreachable"),
    (DeadlineExceeded, "deadline"),
    (StorageError, "storage"),
    (InputError, "refused"),
    (VerificationError, "evidence"),
    (OSError, "storage"),
)


def ending_of(error: Exception) -> Ending:
    """The fixed word for an error that ended a look. A full disk is ``storage``, however it is reported."""
    if isinstance(error, InputError) and isinstance(error.__cause__ or error.__context__, OSError):
        return "storage"
    return next((word for kind, word in _ENDINGS if isinstance(error, kind)), "internal")


def alert_of(standing: Standing, at: str) -> tuple[dict[str, Any], str] | None:
    """The alert after a look that ended, and the id of its delivery; None where nothing is to be said.

    That is where the watch is quiet, nothing is missing and nothing else changed. ``at`` is the time of the call; an
    alert of another time has another id.
    """
    changes = standing.last.changes if standing.last else ()
    if standing.exit in (ExitCode.CONSISTENT, ExitCode.UNDECIDED) and not changes:
        return None
    return _dated(standing.log.head, _body(standing, int(standing.exit), ""), at)


def failure_alert(standing: Standing | None, error: Exception, at: str) -> tuple[dict[str, Any], str]:
    """The alert after a look that ended with an error, and the id of its delivery; without a watch that can be read."""
    code = int(error.exit_code if isinstance(error, SteelyardError) else ExitCode.INTERNAL_ERROR)
    code = int(ExitCode.BAD_INPUT) if isinstance(error, OSError) else code
    ended = ending_of(error)
    if standing is None:
        body = {"format": ALERT_FORMAT, "state": "unknown", "exit": code, "ended": ended, "unreachable": False}
        return _dated("", body, at)
    return _dated(standing.log.head, _body(standing, code, ended), at)


def _dated(head: str, body: dict[str, Any], at: str) -> tuple[dict[str, Any], str]:
    delivery = sha256_hex(canonical({"head": head, "ended": body["ended"], "at": at}))[:32]
    return body | {"at": at}, delivery


def _body(standing: Standing, code: int, ended: Ending | Literal[""]) -> dict[str, Any]:
    last = standing.last
    alert: dict[str, Any] = {
        "format": ALERT_FORMAT,
        "watch": standing.log.name,
        "state": standing.word,
        "exit": code,
        "ended": ended,
        "unreachable": ended in ("unreachable", "deadline"),
        "look": last.number if last else None,
        "alarm_since_look": standing.alarm,
        "worse_since_look": standing.since,
        "lost_looks": len(standing.lost),
        "changes": [each.kind for each in last.changes] if last else [],
    }
    if last is not None and last.facts is not None and standing.baseline is not None:
        alert |= {
            "mean": last.facts.high / MICRO,
            "bound": standing.baseline.bound / MICRO,
            "e": math.exp(min(700.0, last.log_e)),
            "level": standing.level,
            "items": last.facts.items,
            "missing": last.facts.missing,
        }
    return alert
