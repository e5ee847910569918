"""What every act on people does in the database: a row that is made, and a line of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard_server.database.audit import append_audit

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.http.facts import RequestFacts

__all__ = ["audit_act", "insert_one"]


def insert_one(connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...]) -> int:
    """Insert a row, and return its number, as the query's RETURNING says."""
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return int(row[0])


def audit_act(
    connection: psycopg.Connection[Any],
    act: str,
    actor: str,
    facts: RequestFacts,
    subject: str = "",
    more: dict[str, Any] | None = None,
) -> None:
    """Put an act on record with the address it came from: last in its transaction, as ``append_audit`` says."""
    details = {"address": facts.address[:100], **(more or {})}
    append_audit(connection, act, actor=actor, subject=subject, details=details, request=facts.request_id)
