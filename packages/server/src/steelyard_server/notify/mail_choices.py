"""Where a person gets mail, and of what: an address that they have shown to be theirs, and kinds by project."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.acts import audit_act
from steelyard_server.access.roles import roles_of
from steelyard_server.access.secrets import digest_of
from steelyard_server.database.reading import reading
from steelyard_server.notify.smtp import check_address

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller, Membership
    from steelyard_server.http.facts import RequestFacts

__all__ = ["CODES_A_DAY", "MailAddress", "MailChoices", "reaches", "recipient"]

CODES_A_DAY: Final = 5  # so that nobody has the platform write to strangers again and again


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A person's address; ``is_asked`` while a code was sent there that was not typed yet."""

    address: str
    is_confirmed: bool
    is_asked: bool


class MailChoices:
    """What a person says on *Account*. Each change is one transaction, with an audit line that has no address."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def address(self, person: int) -> MailAddress | None:
        """Their address, None where there is none."""
        query = (
            "SELECT address, confirmed_at IS NOT NULL, sha256 IS NOT NULL FROM steelyard.mail_address "
            "WHERE person_id = %s AND address <> ''"
        )
        with reading(self._pool) as connection:
            row = connection.execute(query, (person,)).fetchone()
        return None if row is None else MailAddress(*row)

    def ask(self, address: str, caller: Caller, facts: RequestFacts) -> str:
        """Take an address that is not shown to be theirs yet, and give the code that is to be sent there.

        Nothing else goes there before. Raises InputError for what is no address, and after five codes on one day.
        """
        check_address(address)
        code = secrets.token_urlsafe(32)
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO steelyard.mail_address AS m (person_id, address, sha256) VALUES (%s, %s, %s) "
                "ON CONFLICT (person_id) DO UPDATE SET address = excluded.address, sha256 = excluded.sha256, "
                "confirmed_at = NULL, asked = CASE WHEN m.asked_on = current_date THEN m.asked + 1 ELSE 1 END, "
                "asked_on = current_date WHERE m.asked_on < current_date OR m.asked < %s RETURNING person_id",
                (caller.person, address, digest_of(code), CODES_A_DAY),
            ).fetchone()
            if row is None:
                raise InputError(f"{CODES_A_DAY} codes were sent today: ask for the next one tomorrow")
            audit_act(connection, "set-mail-address", f"person:{caller.person}", facts, f"person:{caller.person}")
        return code

    def confirm(self, code: str, caller: Caller, facts: RequestFacts) -> None:
        """Take the code that was sent; raises InputError where it is another one."""
        with self._pool.connection() as connection:
            confirmed = connection.execute(
                "UPDATE steelyard.mail_address SET confirmed_at = now(), sha256 = NULL "
                "WHERE person_id = %s AND sha256 = %s AND address <> ''",
                (caller.person, digest_of(code) or None),
            ).rowcount
            if not confirmed:
                raise InputError("this is not the code of the last mail that was sent to this address")
            audit_act(connection, "confirm-mail-address", f"person:{caller.person}", facts, f"person:{caller.person}")

    def forget(self, caller: Caller, facts: RequestFacts) -> None:
        """Forget the address: no mail any more, and what waits is dropped."""
        with self._pool.connection() as connection:
            gone = connection.execute(
                "UPDATE steelyard.mail_address SET address = '', sha256 = NULL, confirmed_at = NULL "
                "WHERE person_id = %s AND address <> ''",
                (caller.person,),
            ).rowcount
            if gone:
                connection.execute(
                    "UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now() "
                    "WHERE person_id = %s AND state = 'waiting'",
                    (caller.person,),
                )
                audit_act(
                    connection, "forget-mail-address", f"person:{caller.person}", facts, f"person:{caller.person}"
                )

    def chosen(self, person: int) -> dict[int | None, tuple[str, ...]]:
        """The kinds that a person asked for, by the project's number, None for the server."""
        query = "SELECT project_id, kinds FROM steelyard.mail_choice WHERE person_id = %s"
        with reading(self._pool) as connection:
            return {project: tuple(kinds) for project, kinds in connection.execute(query, (person,)).fetchall()}

    def choose(self, project: Membership | None, kinds: Sequence[str], caller: Caller, facts: RequestFacts) -> None:
        """Ask for these kinds, and no other, of a project or (None) of the server."""
        number = project.project_id if project else None
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO steelyard.mail_choice (person_id, project_id, kinds) VALUES (%s, %s, %s) "
                "ON CONFLICT (person_id, coalesce(project_id, 0)) DO UPDATE SET kinds = excluded.kinds, "
                "changed_at = now()",
                (caller.person, number, [*kinds]),
            )
            more = {"kinds": ", ".join(kinds), "project": project.project if project else ""}
            audit_act(connection, "choose-mail", f"person:{caller.person}", facts, f"person:{caller.person}", more)


def recipient(connection: psycopg.Connection[Any], person: int) -> str:
    """The address that a person has shown to be theirs; "" where there is none, or the person is disabled."""
    row = connection.execute(
        "SELECT a.address FROM steelyard.mail_address a JOIN steelyard.person p ON p.id = a.person_id "
        "WHERE a.person_id = %s AND a.confirmed_at IS NOT NULL AND p.disabled_at IS NULL",
        (person,),
    ).fetchone()
    return "" if row is None else str(row[0])


def reaches(connection: psycopg.Connection[Any], person: int, project_id: int | None, issuer: str) -> bool:
    """Whether a person still has a role in the project, or for an event of the server, still administrates it."""
    row = connection.execute("SELECT is_admin FROM steelyard.person WHERE id = %s", (person,)).fetchone()
    is_admin, memberships = roles_of(connection, person, issuer, is_admin=bool(row and row[0]))
    if project_id is None:
        return is_admin
    return any(each.project_id == project_id for each in memberships)
