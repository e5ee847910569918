"""What a job's calls take of its project's budgets: each call's worst case is reserved before it is sent, in blocks.

The database decides (``steelyard.reserve``), for all jobs of all workers at once, also whether a second person must
approve what the job may spend (``steelyard.foresee_job``, before its first call). Within a block this process counts by
itself: what it holds is never less than what was spent since it last asked and what its calls in flight may take.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, LiteralString

from steelyard.errors import StorageError
from steelyard.runner.budget import Budget, Reservation, worst_case
from steelyard_server.database.connection import plain_errors

if TYPE_CHECKING:
    import psycopg

    from steelyard.records import ModelOutput, Request
    from steelyard_server.jobs.messages import Setup
    from steelyard_server.store.store import Connect

__all__ = ["JobAllowance"]

_AGAIN_SECONDS: Final = 0.2
_BLOCK: Final = 2  # times the calls at once: so many calls are asked for together
_NOTHING: Final = Reservation(0, 0)
_APPROVAL: Final = "approval: "  # before the words of a refusal that a second person can lift


class JobAllowance:
    """The account of one attempt; ``refusal`` says in words why the last call was not allowed, "" where none was.

    ``waits_for`` is then *budget*, or *approval* where a second person can lift it. ``most_cost`` and ``most_tokens``
    are the job's own limits.
    """

    def __init__(
        self, connect: Connect, setup: Setup, most_cost: float | None = None, most_tokens: int | None = None
    ) -> None:
        self.refusal = ""
        self.waits_for = "budget"
        self._most_of_job = (most_cost, most_tokens)
        self._is_asked = self._needs_approval = False
        self._connect = connect
        self._setup = setup
        self._most = setup.calls or 1
        self._calls = _BLOCK * self._most
        self._held = self._spent = self._open = _NOTHING  # from the database; altogether; in flight at their worst
        self._told = _NOTHING  # of what was spent, what the database knows
        self._count = 0  # in flight
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        self._connection: psycopg.Connection[Any] | None = None

    def foresee(self, upper: Reservation | None) -> None:
        """Say what all calls of a plan may take at most, before it is kept; None: as the attempt that planned said.

        Where that needs a second person, no call is allowed.
        """
        most_cost, most_tokens = self._most_of_job
        cost = None if most_cost is None else Decimal(repr(most_cost))
        read, written = (None, None) if upper is None else (upper.prompt, upper.completion)
        values = (self._setup.job, self._setup.attempt, read, written, cost, most_tokens)
        query = "SELECT steelyard.foresee_job(%s, %s, %s, %s, %s, %s)"
        self.refusal, self.waits_for = _fenced(self._ask_again(query, values)), "approval"
        self._is_asked, self._needs_approval = True, bool(self.refusal)

    async def reserve(self, request: Request) -> bool:
        """As of :class:`Allowance`; waits for calls in flight where they may leave room, since most use less.

        No more are in flight at once than the endpoint's list allows.
        """
        worst = worst_case(request)
        async with self._turn:
            if not self._is_asked:
                await asyncio.to_thread(self.foresee, None)
            if self._needs_approval:
                return False
            while self._count >= self._most:  # a plan that goes on may have been sealed with more calls at once
                await self._one_settled()
            while not self._has_room(worst):
                if self.refusal:
                    return False
                block = Reservation(worst.prompt * self._calls, worst.completion * self._calls)
                if await self._asked(block) or await self._asked(worst):
                    self.refusal = ""
                elif self._count:
                    self.refusal = ""
                    await self._one_settled()
            self._open = _sum(self._open, worst)
            self._count += 1
        return True

    def settle(self, request: Request, output: ModelOutput) -> None:
        """As of :class:`Allowance`."""
        worst = worst_case(request)
        used = worst if Budget.usage_unknown(output) else Reservation(output.prompt_tokens, output.completion_tokens)
        self._open = _difference(self._open, worst)
        self._spent = _sum(self._spent, used)
        self._count -= 1
        self._settled.set()

    def close(self) -> None:
        """Say what was spent, and give the rest back; where that fails, it comes back with the lease."""
        with contextlib.suppress(StorageError), plain_errors():
            self._ask(*_reserving(self._setup, self._spent, _NOTHING, _NOTHING))
        if self._connection is not None:
            self._connection.close()

    async def _one_settled(self) -> None:
        self._settled.clear()
        await self._settled.wait()

    def _has_room(self, worst: Reservation) -> bool:
        taken = _sum(_sum(_difference(self._spent, self._told), self._open), worst)
        return taken.prompt <= self._held.prompt and taken.completion <= self._held.completion

    async def _asked(self, more: Reservation) -> bool:
        """Whether the database reserves so much more; it is told what was spent until now."""
        spent, kept = self._spent, self._open
        answer = _fenced(await asyncio.to_thread(self._ask_again, *_reserving(self._setup, spent, kept, more)))
        self._told = spent
        self._held = kept if answer else _sum(kept, more)
        self.waits_for = "approval" if answer.startswith(_APPROVAL) else "budget"
        self.refusal = _in_plain_amounts(answer.removeprefix(_APPROVAL))
        return not answer

    def _ask_again(self, query: LiteralString, values: tuple[Any, ...]) -> str:
        """Ask until the database answers: this process ends with the job's lease, and asking twice changes nothing."""
        import psycopg

        while True:
            try:
                return self._ask(query, values)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if self._connection is not None:
                    self._connection.close()
                time.sleep(_AGAIN_SECONDS)
            except psycopg.Error as error:
                raise StorageError(f"the database: {error.diag.message_primary}") from None

    def _ask(self, query: LiteralString, values: tuple[Any, ...]) -> str:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        row = self._connection.execute(query, values).fetchone()
        assert row is not None
        return str(row[0])


def _reserving(
    setup: Setup, spent: Reservation, kept: Reservation, more: Reservation
) -> tuple[LiteralString, tuple[Any, ...]]:
    values = (setup.job, setup.attempt, spent.prompt, spent.completion, kept.prompt, kept.completion, more.prompt,
              more.completion)  # fmt: skip
    return "SELECT steelyard.reserve(%s, %s, %s, %s, %s, %s, %s, %s)", values


def _in_plain_amounts(refusal: str) -> str:
    """Why there is no room, without what others have reserved where that is nothing, and no small amount as 0."""
    said = re.sub(r", others have reserved 0(?:\.0000)?, and", " and", refusal)
    return re.sub(r"(?<![0-9.])0\.0000(?![0-9])", "less than 0.0001", said)


def _fenced(answer: str) -> str:
    if answer == "-":
        raise StorageError("the lease of the job is over: another attempt goes on with it")
    return answer


def _sum(one: Reservation, other: Reservation) -> Reservation:
    return Reservation(one.prompt + other.prompt, one.completion + other.completion)


def _difference(one: Reservation, other: Reservation) -> Reservation:
    return Reservation(one.prompt - other.prompt, one.completion - other.completion)
