"""*Admin*: the database, its roles, workers, the disk, the last backup, what an upgrade would do, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard import __version__
from steelyard.errors import InputError
from steelyard_server import health
from steelyard_server.database.audit import audit_head
from steelyard_server.database.reading import reading
from steelyard_server.notify.sealed import unreadable_secrets
from steelyard_server.pages.server_state import state_of
from steelyard_server.pages.words import bytes_in_words
from steelyard_server.upkeep.retention import LEAST_MONTHS
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_set_retention", "show_admin", "show_retention"]

_MOST_MONTHS: Final = 1200


def show_admin(call: Call) -> Response:
    """What an administrator looks at before an upgrade, and when something is wrong."""
    platform = call.platform
    with reading(platform.pool) as connection:
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
