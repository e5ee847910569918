"""What a project asked before, as the database has it: counted on in the ledger of a key that does not know of it.

Keys and their ledgers are in no backup. So after a restore a project has a new key, and whoever restores could have a
series begin anew. The questions of each plan are a row beside the run that is stored, never changed. Before a job
plans, every plan that the ledger does not have becomes a line of it, under the key that is here now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.evidence.ledger import digest_of_plan, parse_lines
from steelyard.evidence.ledger_file import LedgerFile, ledger_path, read_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import psycopg

    from steelyard.evidence.keys import KeySigner
    from steelyard.evidence.ledger import Begun, Line, Tags
    from steelyard.storage.run_folder import RunFolder

__all__ = ["carry_plans", "has_begun", "key_of_plan", "note_plan"]


def note_plan(connection: psycopg.Connection[Any], stored_run: int, run: RunFolder) -> None:
    """Put on record, in the caller's transaction, which questions the sealed plan of a stored run asks."""
    questions = [[each.benchmark, each.subject] for each in run.plan.questions.values()]
    connection.execute(
        "INSERT INTO steelyard.stored_run_questions (run_id, key_id, kind, questions) VALUES (%s, %s, %s, %s)",
        (stored_run, run.signers[0] if run.signers else "", run.plan.kind, canonical(questions).decode()),
    )


def carry_plans(
    connect: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], project: int, signer: KeySigner
) -> int:
    """Count on, in the signer's ledger, the plans of the project that are not in it; how many there were.

    Raises InputError where the ledger cannot be read or written.
    """
    path = ledger_path(signer.path)
    with connect() as connection:
        rows = connection.execute(
            "SELECT s.id, s.plan_sha256 FROM steelyard.stored_run s JOIN steelyard.stored_run_questions q "
            "ON q.run_id = s.id WHERE s.project_id = %s ORDER BY s.id",
            (project,),
        ).fetchall()
        known = {line.plan for line in _lines_in(path)}
        missing = [number for number, plan in rows if digest_of_plan(plan) not in known]
        if not missing:
            return 0
        found = connection.execute(
            "SELECT q.kind, s.plan_sha256, q.questions FROM steelyard.stored_run_questions q "
            "JOIN steelyard.stored_run s ON s.id = q.run_id WHERE q.run_id = ANY (%s) ORDER BY q.run_id",
            (missing,),
        ).fetchall()
    with LedgerFile(path, signer) as ledger:
        return ledger.carry(_told(signer, found))


def key_of_plan(connection: psycopg.Connection[Any], project: int, plan: str) -> str:
    """The id of the key that signed a plan of the project's jobs, by the plan's SHA-256; "" where none did."""
    row = connection.execute(
        "SELECT q.key_id FROM steelyard.stored_run s JOIN steelyard.stored_run_questions q ON q.run_id = s.id "
        "WHERE s.project_id = %s AND s.plan_sha256 = %s",
        (project, plan),
    ).fetchone()
    return "" if row is None else str(row[0])


def has_begun(signer: KeySigner, plan: str) -> bool:
    """Whether the signer's ledger has the beginning of a plan, by its SHA-256: without that line nobody can seal it.

    Raises InputError where the ledger cannot be read.
    """
    digest = digest_of_plan(plan)
    return any(line.event == "begun" and line.plan == digest for line in _lines_in(ledger_path(signer.path)))


def _lines_in(path: Path) -> list[Line]:
    """What a ledger says; its signatures are checked when it is opened."""
    try:
        return parse_lines(read_ledger(path), path.name)
    except VerificationError as error:
        raise InputError(f"not the ledger of this key: {error}", where=path) from None


def _told(signer: KeySigner, rows: Iterable[tuple[Begun, str, str]]) -> Iterable[tuple[Begun, str, tuple[Tags, ...]]]:
    """Each plan with the tags that its questions have under this key."""
    from steelyard.evidence.order import Prover

    prover = Prover(signer)
    made: dict[tuple[str, str], Tags] = {}
    for kind, plan, questions in rows:
        asked = msgspec.json.decode(questions, type=list[tuple[str, str]])
        for each in asked:
            if each not in made:
                made[each] = prover.tags(*each)[1]
        yield kind, plan, tuple(made[each] for each in asked)
