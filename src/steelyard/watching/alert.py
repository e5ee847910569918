"""What a webhook is told: numbers and fixed words, and no text of a question, an answer or an endpoint."""

from __future__ import annotations

import math
from typing import Any, Final

from steelyard.errors import ExitCode
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.stats.watching import MICRO
from steelyard.watching.standing import Standing

__all__ = ["ALERT_FORMAT", "alert_of"]

ALERT_FORMAT: Final = "steelyard-watch-alert/1"


def alert_of(standing: Standing, at: str, *, unreachable: bool = False) -> tuple[dict[str, Any], str] | None:
    """The alert after a look and the id of its delivery, the same for the same state; None where nothing is to be said.

    That is where the watch is quiet, nothing is missing and nothing else changed. ``unreachable``: the model was not
    reached at all, so the look waits for the next call.
    """
    last = standing.last
    changes = [each.kind for each in last.changes] if last else []
    code = ExitCode.PLAN_NOT_MET if unreachable else standing.exit
    if code in (ExitCode.CONSISTENT, ExitCode.UNDECIDED) and not changes:
        return None
    alert: dict[str, Any] = {
        "format": ALERT_FORMAT,
        "watch": standing.log.name,
        "state": standing.word,
        "exit": int(code),
        "unreachable": unreachable,
        "look": last.number if last else None,
        "alarm_since_look": standing.alarm,
        "worse_since_look": standing.since,
        "lost_looks": len(standing.lost),
        "changes": changes,
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
    delivery = sha256_hex(canonical({"head": standing.log.head, "unreachable": unreachable}))[:32]
    return alert | {"at": at}, delivery
