"""The roles that a person has at this moment: by hand, and by groups of the identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard_server.access.callers import Membership, Role

if TYPE_CHECKING:
    import psycopg

__all__ = ["GROUP_DAYS", "LIVE", "may_start", "roles_of"]

# A role by group counts for so long after the sign-in at which the provider named the group: a token works without its
# person, whom the provider may have forgotten since.
GROUP_DAYS: Final = 30
# Of steelyard.membership m and its mapping g: what counts now. It takes the issuer that is configured.
LIVE: Final = (
    "m.ended_at IS NULL AND (m.mapping_id IS NULL OR (g.ended_at IS NULL AND g.issuer = %s "
    f"AND m.confirmed_at > now() - interval '{GROUP_DAYS} days'))"
)
_OF_PERSON: Final = (
    "SELECT m.project_id, j.name, m.role FROM steelyard.membership m "  # noqa: S608 — our own words
    "LEFT JOIN steelyard.group_mapping g ON g.id = m.mapping_id LEFT JOIN steelyard.project j ON j.id = m.project_id "
    f"WHERE {LIVE} AND m.person_id = %s"
)


def may_start(person: str, project: str, priority: str = "0") -> str:
    """SQL that says whether somebody may start jobs in a project now, above priority 0 as an admin.

    ``person`` names a row of steelyard.person there, ``project`` and ``priority`` expressions. It takes the issuer that
    is configured as ``issuer``.
    """
    runners = ", ".join(f"'{role}'" for role in Role if role.reaches(Role.RUNNER))
    roles = f"CASE WHEN {priority} > 0 THEN ARRAY['{Role.ADMIN}'] ELSE ARRAY[{runners}] END"
    return (
        f"({person}.disabled_at IS NULL AND ({person}.is_admin OR EXISTS (SELECT FROM steelyard.membership m "
        f"LEFT JOIN steelyard.group_mapping g ON g.id = m.mapping_id WHERE {LIVE.replace('%s', '%(issuer)s')} "
        f"AND m.person_id = {person}.id AND (m.project_id IS NULL OR m.project_id = {project} "
        f"AND m.role = ANY ({roles})))))"
    )


def roles_of(
    connection: psycopg.Connection[Any], person: int, issuer: str, *, is_admin: bool
) -> tuple[bool, tuple[Membership, ...]]:
    """Whether a person administrates the server, and the projects that they may see, by name.

    ``is_admin`` says whether they do by hand; ``issuer`` is the provider that is configured, "" where none: roles by
    groups of another one do not count.
    """
    best: dict[int, Membership] = {}
    for project, name, word in connection.execute(_OF_PERSON.encode(), (issuer, person)).fetchall():
        role = Role(word)
        if project is None:
            is_admin = True
        elif project not in best or role.reaches(best[project].role):
            best[project] = Membership(project, name, role)
    if is_admin:
        rows = connection.execute("SELECT id, name FROM steelyard.project").fetchall()
        best = {project: Membership(project, name, Role.ADMIN) for project, name in rows}
    return is_admin, tuple(sorted(best.values(), key=lambda each: each.project))
