"""*Admin*: the database, its roles, workers, the disk, the last backup, what an upgrade would do, and the audit log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from steelyard import __version__
from steelyard.errors import InputError, VerificationError
from steelyard.server import health
from steelyard.server.database.audit import audit_cut, audit_head, check_audit, check_audit_part
from steelyard.server.database.retention import LEAST_MONTHS
from steelyard.server.notify.sealed import unreadable_secrets
from steelyard.server.pages.server_state import state_of
from steelyard.server.pages.words import bytes_in_words, moment
from steelyard.server.web.render import page
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg
    from starlette.responses import Response

    from steelyard.server.web.call import Call

__all__ = ["do_set_retention", "show_admin", "show_audit", "show_retention"]

_LINES: Final = 50
_MOST_MONTHS: Final = 1200


def show_admin(call: Call) -> Response:
    """What an administrator looks at before an upgrade, and when something is wrong."""
    platform = call.platform
    with platform.pool.connection() as connection:
        head = audit_head(connection)
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        secrets = unreadable_secrets(connection, platform.endpoints.key_file)
        state = state_of(platform, connection)
    database = platform.database
    return page(
        call,
        "admin.html.j2",
        problems=[*health.problems(platform)],
        facts=[
            ("Version", f"steelyard {__version__}"),
            ("Database", f"PostgreSQL {database.version}, {_whose(is_embedded=database.is_embedded)}"),
            ("Its size", bytes_in_words(size[0]) if size else "–"),
            ("Roles", _roles(call)),
            ("Data folder", str(platform.data.path)),
            *state["disk"],
            ("Last backup", state["backup"]),
            ("Audit log", f"{head.lines:,} lines, the last one {head.sha256}"),
            ("Reached at", platform.settings.base_url),
            ("Secret key", _secret_key(call)),
        ],
        again=platform.endpoints.unreadable(),
        secrets=secrets,
        warnings=state["warnings"],
        workers=state["workers"],
        upgrade=state["upgrade"],
    )


def show_audit(call: Call) -> Response:
    """The last lines, whose links are checked; ``before`` goes back, ``check=whole`` follows the whole chain.

    The whole chain takes some seconds where it is long, so it is followed only when it is asked for.
    """
    is_whole = call.query("check", 20) == "whole"
    before = call.query("before", 20)
    last = min(int(before), 2**62) if before.isascii() and before.isdigit() else 2**62
    with call.platform.pool.connection() as connection:
        try:
            head, problem = check_audit(connection) if is_whole else audit_head(connection), ""
            rows = _lines(connection, last)
            check_audit_part((number, line, sha256) for number, _, line, sha256 in reversed(rows))
        except VerificationError as error:
            head, problem, rows = None, str(error), _lines(connection, last)
        cut = audit_cut(connection)
    lines = [{"sequence": number, "at": moment(at), **_shown(line)} for number, at, line, _ in rows]
    return page(
        call, "audit.html.j2", head=head, problem=problem, is_whole=is_whole,
        cut=cut, cut_at=moment(cut.at) if cut else "",
        lines=lines[:_LINES],
        older=lines[_LINES - 1]["sequence"] if len(lines) > _LINES else 0,
    )  # fmt: skip


def show_retention(call: Call) -> Response:
    """How long texts are kept, and how what is over is deleted."""
    return _retention_page(call)


def do_set_retention(call: Call) -> Response:
    """Set for how many months a project keeps texts."""
    months = call.field("months", 10)
    try:
        if months and not (months.isascii() and months.isdigit() and 1 <= int(months) <= _MOST_MONTHS):
            raise InputError(f"a whole number of months from 1 to {_MOST_MONTHS}, or nothing")
        project, number = call.field("project", 100), int(months) if months else None
        call.platform.runs.set_text_months(project, number, call.caller, call.facts)
    except InputError as error:
        return _retention_page(call, 400, problem=str(error))
    return _retention_page(call, done="Kept. Nothing was deleted: the command below does that.")


def _retention_page(call: Call, status: int = 200, *, problem: str = "", done: str = "") -> Response:
    kept = call.platform.runs.text_months()
    return page(call, "retention.html.j2", status, problem=problem, done=done, kept=kept, least=LEAST_MONTHS)


def _lines(connection: psycopg.Connection[Any], before: int) -> list[tuple[int, datetime, str, str]]:
    return connection.execute(
        "SELECT sequence, at, line, sha256 FROM steelyard.audit WHERE sequence < %s ORDER BY sequence DESC LIMIT %s",
        (before, _LINES + 1),
    ).fetchall()


def _shown(line: str) -> dict[str, str]:
    """The parts of a line that a reader wants; a line that is none is shown as it is."""
    try:
        content = json.loads(line)
        details = ", ".join(f"{name} {value}" for name, value in sorted(content["details"].items()) if value != "")
        parts = {name: one_line(str(content[name]), 100) for name in ("act", "actor", "subject")}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {"act": "not a line of this log", "actor": "", "subject": "", "details": one_line(line, 200)}
    return parts | {"details": one_line(details, 300)}


def _whose(*, is_embedded: bool) -> str:
    return "started by steelyard in the data folder" if is_embedded else "the team's, by DATABASE_URL"


def _secret_key(call: Call) -> str:
    file = call.platform.endpoints.key_file
    if problem := file.problem():
        return f"cannot be used: {problem}"
    where = {"variable": "named by STEELYARD_SECRET_KEY_FILE", "credential": "a credential of systemd"}
    return f"{file.path}, {where.get(file.source, 'in the data folder')}; in no backup: keep a copy of it elsewhere"


def _roles(call: Call) -> str:
    database = call.platform.database
    if database.is_one_role:
        return f"{database.owner_role} does everything: append-only rests on triggers alone"
    return (
        f"{database.owner_role} owns the tables; {database.application_role} only inserts where things are append-only"
    )
