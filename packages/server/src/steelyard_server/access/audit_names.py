"""What the audit log's ``person:3`` or ``run:7`` is called now, and its page: looked up when it is shown.

The log has numbers alone, so that a name can be erased; who was erased is called by a number here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from steelyard_server.http.addresses import job_path, run_path, runs_path, suite_path, watch_path, webhooks_path

if TYPE_CHECKING:
    import psycopg

__all__ = ["REFERENCE", "Named", "find_person", "names_of"]

REFERENCE: Final = re.compile(r"([a-z-]{1,20}):([0-9]{1,18})")
# Of each kind, by number: name, and what its address is made of.
_QUERIES: Final = {
    "person": "SELECT id, name, '', '' FROM steelyard.person WHERE id = ANY (%s)",
    "token": "SELECT t.id, t.name || ' of ' || p.name, p.id::text, '' FROM steelyard.token t "
    "JOIN steelyard.person p ON p.id = t.person_id WHERE t.id = ANY (%s)",
    "run": "SELECT r.id, r.subject, p.name, r.seal_sha256 FROM steelyard.run r "
    "JOIN steelyard.project p ON p.id = r.project_id WHERE r.id = ANY (%s)",
    "job": "SELECT j.id, j.kind || ' in ' || p.name, p.name, '' FROM steelyard.job j "
    "JOIN steelyard.project p ON p.id = j.project_id WHERE j.id = ANY (%s)",
    "schedule": "SELECT s.id, s.name, p.name, '' FROM steelyard.schedule s "
    "JOIN steelyard.project p ON p.id = s.project_id WHERE s.id = ANY (%s)",
    "webhook": "SELECT w.id, w.host, p.name, '' FROM steelyard.webhook w "
    "JOIN steelyard.project p ON p.id = w.project_id WHERE w.id = ANY (%s)",
    "suite-version": "SELECT v.id, v.name, p.name, v.name FROM steelyard.suite_version v "
    "JOIN steelyard.project p ON p.id = v.project_id WHERE v.id = ANY (%s)",
    "project": "SELECT id, name, name, '' FROM steelyard.project WHERE id = ANY (%s)",
    "endpoint": "SELECT id, name, '', '' FROM steelyard.endpoint WHERE id = ANY (%s)",
    "mapping": "SELECT id, group_name, '', '' FROM steelyard.group_mapping WHERE id = ANY (%s)",
}


class Named(NamedTuple):
    """What something is called, and the address of its page; both "" where there is none."""

    name: str = ""
    address: str = ""


def names_of(connection: psycopg.Connection[Any], references: Iterable[str]) -> dict[str, Named]:
    """Names and addresses of what lines refer to; what is not there, or is no reference, is left out."""
    wanted: dict[str, set[int]] = {}
    for each in references:
        if (found := REFERENCE.fullmatch(each)) and found[1] in _QUERIES:
            wanted.setdefault(found[1], set()).add(int(found[2]))
    named = {}
    for kind, numbers in wanted.items():
        for number, name, first, second in connection.execute(_QUERIES[kind].encode(), (sorted(numbers),)).fetchall():
            named[f"{kind}:{number}"] = Named(str(name), _address(kind, number, first, second))
    return named


def find_person(connection: psycopg.Connection[Any], name: str) -> str:
    """``person:3`` for who signs in by this name; "" where there is nobody."""
    row = connection.execute("SELECT id FROM steelyard.person WHERE lower(name) = lower(%s)", (name,)).fetchone()
    return "" if row is None else f"person:{row[0]}"


def _address(kind: str, number: int, first: str, second: str) -> str:
    match kind:
        case "person":
            return f"/admin/people/{number}"
        case "token":
            return f"/admin/people/{first}"
        case "run":
            return run_path(first, second)
        case "job":
            return job_path(first, number)
        case "schedule":
            return watch_path(first)
        case "webhook":
            return f"{webhooks_path(first)}/{number}"
        case "suite-version":
            return suite_path(first, second)
        case "project":
            return runs_path(first)
        case "endpoint":
            return f"/admin/endpoints/{number}"
    return "/admin/groups"
