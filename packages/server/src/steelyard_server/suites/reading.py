"""Who may read a suite's items here, and whose which reader's key is.

A suite whose ``suite.yaml`` names readers is read by those members of its project alone who hold one of these keys.
That somebody holds a key they show once: they open what was encrypted to it. An administrator cannot do that for them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.reader_proof import PREFIX
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.database.reading import reading

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.http.facts import RequestFacts

__all__ = ["MAX_KEYS", "ReaderKey", "ReaderKeys", "may_read"]

MAX_KEYS: Final = 20  # of a person, those that ended included in a day
_KEY: Final = re.compile(r"age1[0-9a-z]{20,180}", re.ASCII)


@dataclass(frozen=True)
class ReaderKey:
    """A key that a person says is theirs; ``confirmed_at`` is None until they showed it."""

    id: int
    public_key: str
    asked_at: datetime
    confirmed_at: datetime | None


def may_read(readers: Collection[str], keys: Collection[str]) -> bool:
    """Whether somebody with these keys may read a suite with these readers; with none it is its whole project's."""
    return not readers or bool(set(readers) & set(keys))


class ReaderKeys:
    """The keys in the database. Each method is one transaction."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def of(self, person: int | None) -> list[ReaderKey]:
        """The keys of a person that have not ended, the newest first."""
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT id, public_key, asked_at, confirmed_at FROM steelyard.reader_key "
                "WHERE person_id = %s AND ended_at IS NULL ORDER BY id DESC LIMIT %s",
                (person, MAX_KEYS),
            ).fetchall()
        return [ReaderKey(*row) for row in rows]

    def confirmed(self, person: int | None) -> frozenset[str]:
        """The public keys that a person showed to be theirs."""
        return frozenset(each.public_key for each in self.of(person) if each.confirmed_at is not None)

    def owners(self, keys: Collection[str]) -> dict[str, list[str]]:
        """By public key, the names of those who showed it to be theirs."""
        found: dict[str, list[str]] = {}
        with reading(self._pool) as connection:
            rows = connection.execute(
                "SELECT DISTINCT k.public_key, p.name FROM steelyard.reader_key k JOIN steelyard.person p "
                "ON p.id = k.person_id WHERE k.public_key = ANY(%s) AND k.confirmed_at IS NOT NULL "
                "AND k.ended_at IS NULL AND p.disabled_at IS NULL ORDER BY 2",
                (list(keys),),
            ).fetchall()
        for key, name in rows:
            found.setdefault(key, []).append(name)
        return found

    def ask(self, caller: Caller, public_key: str, facts: RequestFacts) -> str:
        """Note a key of the caller's; a text that only who holds it can open, in Base64.

        Raises InputError for what is no key of age, and where there are too many.
        """
        code = secrets.token_urlsafe(24)
        challenge = _encrypted(public_key, f"{PREFIX}{code}")
        with self._pool.connection() as connection:
            count = connection.execute(
                "SELECT count(*) FROM steelyard.reader_key WHERE person_id = %s "
                "AND (ended_at IS NULL OR asked_at > now() - interval '1 day')",
                (caller.person,),
            ).fetchone()
            assert count is not None
            if count[0] >= MAX_KEYS:
                raise InputError(f"at most {MAX_KEYS} keys: end one, or try again tomorrow")
            made = insert_one(
                connection,
                "INSERT INTO steelyard.reader_key (person_id, public_key, sha256) VALUES (%s, %s, %s) RETURNING id",
                (caller.person, public_key, hashlib.sha256(code.encode()).hexdigest()),
            )
            audit_act(connection, "ask-reader-key", f"person:{caller.person}", facts, f"reader-key:{made}")
        return challenge

    def confirm(self, caller: Caller, code: str, facts: RequestFacts) -> None:
        """Take what a key of the caller's opened; raises InputError where none was asked so in the last hour."""
        digest = hashlib.sha256(code.strip().encode()).hexdigest()
        with self._pool.connection() as connection:
            row = connection.execute(
                "UPDATE steelyard.reader_key SET confirmed_at = now() WHERE person_id = %s AND sha256 = %s "
                "AND confirmed_at IS NULL AND ended_at IS NULL AND asked_at > now() - interval '1 hour' RETURNING id",
                (caller.person, digest),
            ).fetchone()
            if row is None:
                raise InputError("this is not what the text holds, or it is older than an hour: ask again")
            audit_act(connection, "confirm-reader-key", f"person:{caller.person}", facts, f"reader-key:{row[0]}")

    def end(self, caller: Caller, key: int, facts: RequestFacts) -> None:
        """End a key of the caller's; nothing happens where it is none."""
        with self._pool.connection() as connection:
            ended = connection.execute(
                "UPDATE steelyard.reader_key SET ended_at = now() "
                "WHERE id = %s AND person_id = %s AND ended_at IS NULL",
                (key, caller.person),
            ).rowcount
            if ended:
                audit_act(connection, "end-reader-key", f"person:{caller.person}", facts, f"reader-key:{key}")


def _encrypted(public_key: str, text: str) -> str:
    from steelyard.tasks.suite_vault import age_package

    if not _KEY.fullmatch(public_key):
        raise InputError("a reader's public key begins with age1: steelyard suite reader prints it")
    try:
        age = age_package(Path())
    except MissingDependency:
        raise InputError(
            "this server cannot check readers' keys: install steelyard with the extra suites there"
        ) from None
    try:
        recipient = age.x25519.Recipient.from_str(public_key)
    except (age.RecipientError, ValueError):
        raise InputError("this is no public key of age: steelyard suite reader prints it") from None
    return base64.b64encode(age.encrypt(text.encode(), [recipient])).decode()
