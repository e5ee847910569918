"""*Audit log*: its lines with the names that people and things have now, narrowed by who and what; all as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from steelyard.errors import VerificationError
from steelyard.util.text import one_line
from steelyard_server.access.acts import audit_act
from steelyard_server.access.audit_names import REFERENCE, find_person, names_of
from steelyard_server.database.audit import audit_cut, audit_head, check_audit, check_audit_part
from steelyard_server.database.reading import reading
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg
    from psycopg_pool import ConnectionPool
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["send_audit", "show_audit"]

_LINES: Final = 50
_BATCH: Final = 200  # lines that an export reads at once: they fit into the socket, so the database never waits for us
_LAST: Final = 2**62


def show_audit(call: Call) -> Response:
    """The last lines, whose links are checked; ``before`` goes back, ``check=whole`` follows the whole chain.

    The whole chain takes some seconds where it is long, so it is followed only when it is asked for. ``actor`` and
    ``subject`` leave other lines out; those that are left do not follow one another, so no link is checked then.
    """
    is_whole = call.query("check", 20) == "whole"
    before = call.query("before", 20)
    last = min(int(before), _LAST) if before.isascii() and before.isdigit() else _LAST
    typed = {name: found for name in ("actor", "subject") if (found := call.query(name, 100).strip())}
    with reading(call.platform.pool) as connection:
        wanted = {name: _reference(connection, found) for name, found in typed.items()}
        rows = _lines(connection, last, wanted)
        try:
            head, problem = check_audit(connection) if is_whole else audit_head(connection), ""
            if not wanted:
                check_audit_part((number, line, sha256) for number, _, line, sha256 in reversed(rows))
        except VerificationError as error:
            head, problem = None, str(error)
        cut = audit_cut(connection)
        shown = [(number, at, _shown(line)) for number, at, line, _ in rows[:_LINES]]
        names = names_of(connection, (each[name] for *_, each in shown for name in ("actor", "subject")))
    lines = [{"sequence": number, "at": moment(at), **each} for number, at, each in shown]
    older = {**typed, "before": lines[-1]["sequence"]} if len(rows) > _LINES else {}
    return page(
        call, "audit.html.j2", head=head, problem=problem, is_whole=is_whole,
        cut=cut, cut_at=moment(cut.at) if cut else "",
        lines=lines, names=names, typed={"actor": "", "subject": "", **typed}, is_narrowed=bool(typed),
        older=f"/admin/audit?{urlencode(older)}" if older else "",
    )  # fmt: skip


def send_audit(call: Call) -> Response:
    """The whole log as a file: each line as it is chained, the first one first. That it was taken is its last line."""
    from starlette.responses import StreamingResponse

    with call.platform.pool.connection() as connection:
        audit_act(connection, "export-audit", f"person:{call.caller.person}", call.facts)
        head = audit_head(connection)
    headers = {"content-disposition": 'attachment; filename="audit.jsonl"', "referrer-policy": "no-referrer"}
    pieces = _pieces(call.platform.pool, head.lines)
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


def _pieces(pool: ConnectionPool, end: int) -> Iterator[bytes]:
    """The lines before ``end``, some at a time, each time by a connection of their own: whoever reads may be slow."""
    after = -1
    while True:
        with reading(pool) as connection:
            rows = connection.execute(
                "SELECT sequence, line FROM steelyard.audit WHERE sequence > %s AND sequence < %s "
                "ORDER BY sequence LIMIT %s",
                (after, end, _BATCH),
            ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield "".join(f"{line}\n" for _, line in rows).encode()


def _reference(connection: psycopg.Connection[Any], typed: str) -> str:
    """What a line has: a person may be typed by name."""
    return typed if REFERENCE.fullmatch(typed) else find_person(connection, typed) or typed


def _lines(
    connection: psycopg.Connection[Any], before: int, wanted: dict[str, str]
) -> list[tuple[int, datetime, str, str]]:
    conditions = "".join(f"AND steelyard.said_of(line, '{name}') = %({name})s " for name in wanted)  # our two words
    query = (
        f"SELECT sequence, at, line, sha256 FROM steelyard.audit WHERE sequence < %(before)s {conditions}"  # noqa: S608
        "ORDER BY sequence DESC LIMIT %(most)s"
    )
    return connection.execute(query.encode(), {**wanted, "before": before, "most": _LINES + 1}).fetchall()


def _shown(line: str) -> dict[str, str]:
    """The parts of a line that a reader wants; a line that is none is shown as it is."""
    try:
        content = json.loads(line)
        details = ", ".join(
            f"{name} {'none' if value is None else value}"
            for name, value in sorted(content["details"].items())
            if value != ""
        )
        parts = {name: one_line(str(content[name]), 100) for name in ("act", "actor", "subject")}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {"act": "not a line of this log", "actor": "", "subject": "", "details": one_line(line, 200)}
    return parts | {"details": one_line(details, 300)}
