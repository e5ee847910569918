"""What an event says to people: the subject and the text of a mail, each line ours but for names that are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from steelyard.util.text import one_line
from steelyard_server.events import KINDS, TEST

__all__ = ["letter_of", "subject_of"]

_SUBJECTS: Final = {
    "run.verified": "a run of {model} was accepted: {verdict}",
    "run.inconsistent": "a run of {model} is inconsistent",
    "job.failed": "job {job} failed",
    "job.approval": "job {job} waits for a second person",
    "schedule.missed": "looks of the schedule {schedule} are overdue, or were missed",
    "watch.alert": "the schedule {schedule} came out otherwise: {verdict}, before: {was}",
    "key.expiring": "the token {name} ends on {ends_at:.10}",
    "webhook.disabled": "the webhook to {host} was switched off",
    "backup.overdue": "the last backup is {days} days old",
    TEST: "a test",
}
_SHOWN: Final = (
    "model", "kind", "verdict", "was", "exit", "accused", "verified", "job", "schedule", "name", "ends_at",
    "host", "because", "days",
)  # fmt: skip


def subject_of(kind: str, data: Mapping[str, Any]) -> str:
    """One line for the subject: where, and what."""
    parts = {name: one_line(str(value), 80) for name, value in data.items()}
    where = parts.get("project") or "server"
    try:
        what = _SUBJECTS[kind].format_map(parts)
    except (KeyError, ValueError, IndexError):  # an event of another version
        what = kind
    return one_line(f"[Steelyard] {where}: {what}", 200)


def letter_of(kind: str, data: Mapping[str, Any], base_url: str) -> str:
    """The text: what happened, where to look, why this mail came and how to stop it."""
    return "\n".join(_lines(kind, data, base_url)) + "\n"


def _lines(kind: str, data: Mapping[str, Any], base_url: str) -> Iterator[str]:
    known = KINDS.get(kind)
    where = f"the project {one_line(str(data['project']), 60)}" if data.get("project") else "the server"
    words = known.words if known else kind
    yield f"In {where}: {words}." if data.get("project") else f"Of {where}: {words}."
    yield ""
    for name in _SHOWN:
        if data.get(name) not in (None, ""):
            yield f"{name.replace('_', ' ')}: {one_line(str(data[name]), 120)}"
    counts = data.get("verdicts")
    if isinstance(counts, dict) and counts:
        listed = ", ".join(f"{one_line(str(word).replace('_', ' '), 40)} {number}" for word, number in counts.items())
        yield f"rows by verdict: {one_line(listed, 300)}"
    yield ""
    yield base_url + str(data.get("path", "/"))
    yield ""
    yield f"You get this since you asked for mail about {kind} of {where}."
    yield f"To stop it: {base_url}/account/mail"
