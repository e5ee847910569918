"""Who could do something in a project that needs somebody: by name, so that nobody waits for nobody knows whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard.util.text import one_line
from steelyard_server.access.callers import Role
from steelyard_server.access.roles import LIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

__all__ = ["in_words", "people_reaching"]

_LISTED: Final = 50
_NAMED: Final = 3
_PEOPLE: Final = (
    "SELECT DISTINCT p.id, p.name FROM steelyard.person p LEFT JOIN steelyard.membership m ON m.person_id = p.id "  # noqa: S608
    "LEFT JOIN steelyard.group_mapping g ON g.id = m.mapping_id WHERE p.disabled_at IS NULL AND p.erased_at IS NULL "
    f"AND (p.is_admin OR ({LIVE} AND (m.project_id IS NULL OR (m.project_id = %s AND m.role = ANY (%s))))) "
    "ORDER BY p.name, p.id LIMIT %s"
)


def people_reaching(
    connection: psycopg.Connection[Any], project: int, least: Role, issuer: str, *, without: int | None = None
) -> dict[int, str]:
    """Who has at least this role in the project with this number now, by name; administrators of the server have it.

    ``issuer`` is the identity provider that is configured, "" where none. At most 50; ``without`` one person.
    """
    roles = [each.value for each in Role if each.reaches(least)]
    rows = connection.execute(_PEOPLE.encode(), (issuer, project, roles, _LISTED + 1)).fetchall()
    return {person: name for person, name in rows if person != without}


def in_words(people: Mapping[int, str]) -> str:
    """``ada``, ``ada or bob``, ``ada, bob, cleo or 4 others``; "" for nobody."""
    names = [one_line(each, 80) for each in people.values()]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
