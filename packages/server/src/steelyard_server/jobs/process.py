"""The process of one job: it imports what a run needs, asks, seals, and ends with its lease.

Run as ``python -P -m steelyard_server.jobs.process RUN INPUTS PARENT``. What is asked is a file in INPUTS; standard
input has the setup in its first line, with the endpoint's key, then the moments until which the lease holds. Standard
output gets a line of JSON now and then, and the last one says how it ended. Where the lease runs out, or the worker is
gone, the process kills its whole group: one that was stopped meanwhile does so as its first act afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError, Interrupted, ModelRefused, ModelUnavailable, SteelyardError, VerificationError
from steelyard_server.database.connection import URL
from steelyard_server.endpoints.said import said_without_key
from steelyard_server.http.facts import place_of
from steelyard_server.jobs.messages import (
    MAX_LINE,
    MAX_SETUP,
    SPECIFICATION,
    Ended,
    LiveClaim,
    Progress,
    Setup,
    clock,
    of_the_server,
    without_address,
    without_folder,
)

if TYPE_CHECKING:
    from steelyard.api.conduct import Job
    from steelyard.auditing.conductor import Audit
    from steelyard.auditing.session import RunSession
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.orders import ProvedOrders
    from steelyard.plugins import Model
    from steelyard.storage.run_folder import RunFolder
    from steelyard_server.database.connection import Database
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.jobs.spending import JobAllowance

__all__ = ["main"]

_FIRST_LEASE_SECONDS: Final = 30.0
_TELL_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 2.0  # an interval takes some milliseconds
_ANOTHER_KEY: Final = (
    "its plan is signed by an earlier key of this project, which is not here, since keys are in no backup: resume it "
    "when whoever runs the server has put that key back, or cancel it, and start it anew"
)
_EARLIER_LEDGER: Final = (
    "its plan is not in the ledger beside the key of this project, so nobody could seal it: that ledger is an earlier "
    "one, or was begun anew. Resume it when whoever runs the server has put the later ledger back, or cancel it, and "
    "start it anew"
)
_UNUSABLE_KEY: Final = "Resume it when whoever runs the server has put that right, or cancel it, and start it anew"
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG (linux/prctl.h)


def main(run: str, inputs: str, parent: int) -> None:
    """Do the job that the folder ``inputs`` says; its run goes to ``run``."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before
        os._exit(1)
    # What a run starts gets neither end of the worker's pipes.
    told, out = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    setup = _setup(told)
    threading.Thread(target=_end_with_lease, args=(told,), daemon=True).start()
    ended = _ended(Path(run), Path(inputs), setup, out)
    _write(out, ended)
    # Whatever else lives in this process, such as a thread of a library, ends here.
    os._exit(0)


def _setup(told: IO[bytes]) -> Setup:
    """The first line; what comes after it stays in the pipe. Without one the worker is gone."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = told.read(1)
        if not piece or len(line) > MAX_SETUP:
            os._exit(1)
        line += piece
    return msgspec.json.decode(line, type=Setup)


def _end_with_lease(told: IO[bytes]) -> None:
    until, held = clock() + _FIRST_LEASE_SECONDS, b""
    while True:
        readable, _, _ = select.select([told], [], [], max(0.0, min(1.0, until - clock())))
        # What was told while this process was stopped, or a library held its threads, is heard first.
        if not readable and clock() > until:
            os.killpg(0, signal.SIGKILL)
        if readable:
            piece = told.read(MAX_LINE)
            if not piece:  # the worker is gone
                os.killpg(0, signal.SIGKILL)
            *lines, held = (held + piece).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    until = float(line)


def _ended(run: Path, inputs: Path, setup: Setup, out: IO[bytes]) -> Ended:
    from steelyard.evidence.ledger_file import LedgerBusy
    from steelyard.util.text import one_line

    def said(error: SteelyardError) -> str:
        text = without_folder(_without_places(without_address(str(error), setup), run, inputs), setup.data)
        return said_without_key(text, setup.key)

    try:
        _do(run, inputs, setup, out)
    except _NotAllowed as error:
        return Ended(how=error.waits_for, reason=one_line(str(error), 500))
    except Interrupted:
        return Ended(how="stopped")
    except _CannotSeal as error:
        return Ended(how="key", reason=said(error))
    except LedgerBusy:  # by another job of the project, which may be held up
        return Ended(how="failed", reason="another job of the project keeps its ledger locked")
    except (InputError, VerificationError) as error:
        return Ended(how="unusable", reason=said(error))
    except SteelyardError as error:
        return Ended(
            how="failed",
            reason=said(error),
            unavailable=isinstance(error, ModelUnavailable) and not isinstance(error, ModelRefused),
        )
    except KeyboardInterrupt:
        return Ended(how="stopped")
    except OSError as error:
        return Ended(how="failed", reason=one_line(error.strerror or type(error).__name__, 300))
    except Exception as error:  # its text may quote anything
        return Ended(how="failed", reason=f"internal error: {type(error).__name__} {place_of(error)}")
    return Ended(how="sealed")


def _do(run: Path, inputs: Path, setup: Setup, out: IO[bytes]) -> None:
    from steelyard.api.conduct import conduct
    from steelyard.api.resume import resumed
    from steelyard.storage.run_folder import RunFolder
    from steelyard_server.database.connection import existing_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.jobs.asking import arguments_of, job_of
    from steelyard_server.jobs.carrying import carry_plans
    from steelyard_server.jobs.keeping import kept_run
    from steelyard_server.jobs.specification import Resumption, read_specification

    asked = read_specification((inputs / SPECIFICATION).read_bytes())
    if isinstance(asked, Resumption):
        raise InputError("a resumption is done by the specification of the job that it goes on with")
    args = arguments_of(asked, setup, inputs, run)
    teller = _Teller(out)
    data = open_data_folder(Path(setup.data), create=False)
    database, signer = existing_database(data, _variables(setup)), _signer(data, setup)
    limits = (asked.max_cost, asked.max_tokens)
    with kept_run(database.new_connection, setup, run) as kept, _account(database, setup, *limits) as account:
        more: dict[str, Any] = {"watcher": teller.watch, "store": kept, "allowance": account}
        if setup.stored_run is None:
            carry_plans(database.new_connection, setup.project_id, signer)
            job = _foreseen(replace(job_of(asked, args, inputs), begun=kept.begin), account)
            asyncio.run(conduct(job, args, signer, **more))
            teller.tell_all()
            return
        begun = RunFolder.open(run)
        if not begun.is_sealed:
            _check_key(begun, signer)
            asyncio.run(resumed(begun, args, signer, **more))
            teller.tell_all()


def _signer(data: DataFolder, setup: Setup) -> KeySigner:
    """The project's signer. Raises _CannotSeal where a run that is begun needs a key that is unusable now."""
    from steelyard_server.jobs.signing import signer_of_project

    try:
        return signer_of_project(data, setup.project_id)
    except InputError as error:
        if setup.stored_run is None:
            raise
        raise _CannotSeal(f"{error}. {_UNUSABLE_KEY}") from None


def _check_key(begun: RunFolder, signer: KeySigner) -> None:
    """Raises _CannotSeal where the key that is here, or its ledger, is not the one that began the run."""
    from steelyard_server.jobs.carrying import has_begun

    if begun.signers and signer.public_key.keyid not in begun.signers:
        raise _CannotSeal(_ANOTHER_KEY)
    try:
        is_known = begun.plan.ledger is None or has_begun(signer, begun.plan_sha256)
    except InputError as error:
        raise _CannotSeal(f"{error}. {_UNUSABLE_KEY}") from None
    if not is_known:
        raise _CannotSeal(_EARLIER_LEDGER)


def _foreseen(job: Job, account: JobAllowance | None) -> Job:
    """The job, of whose plan the account hears what it may take at most."""
    from steelyard.planning.dry_run import forecast
    from steelyard.runner.budget import Reservation

    if account is None:
        return job
    plan, tell = job.plan, account.foresee

    async def planned(models: Mapping[str, Model], orders: ProvedOrders | None) -> Audit:
        audit = await plan(models, orders)
        rows = forecast(audit.plan, audit.prepared).rows
        upper = Reservation(sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows))
        await asyncio.to_thread(tell, upper)  # before the plan is kept, so that no later attempt has one without this
        return audit

    return replace(job, plan=planned)


@contextlib.contextmanager
def _account(
    database: Database, setup: Setup, most_cost: float | None, most_tokens: int | None
) -> Iterator[JobAllowance | None]:
    """What the job's calls are taken from; None for the model that is built in.

    Raises NotAllowed in place of Interrupted where the next call is not.
    """
    from steelyard_server.jobs.spending import JobAllowance

    if not setup.host:
        yield None
        return
    account = JobAllowance(database.new_connection, setup, most_cost, most_tokens)
    try:
        yield account
    except Interrupted:
        if account.refusal:
            raise _NotAllowed(account.refusal, account.waits_for) from None
        raise
    finally:
        account.close()


class _NotAllowed(Interrupted):
    """The next call waits for a *budget* or for *approval*; the message says why."""

    def __init__(self, message: str, waits_for: str) -> None:
        super().__init__(message)
        self.waits_for = waits_for


class _CannotSeal(SteelyardError):
    """What is here of the project's key or ledger, as after a restore, cannot seal the run: nothing more is asked."""


def _variables(setup: Setup) -> dict[str, str]:
    """Where the database is, as :func:`existing_database` reads it."""
    return {URL: setup.database_url} if setup.database_url else {}


class _Teller:
    """Says now and then how far the run is, and where its claims stand."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._last = self._looked = 0.0
        self._claims: tuple[tuple[LiveClaim, ...], int] = ((), 0)
        self._session: RunSession | None = None

    def watch(self, session: RunSession) -> None:
        self._session = session
        now = time.monotonic()
        if now - self._last < _TELL_SECONDS:
            return
        self._last = now
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._look(session)
        self._tell(session)

    def tell_all(self) -> None:
        """Say how far the run came in the end, however lately that was said."""
        if self._session is not None:
            self._look(self._session)
            self._tell(self._session)

    def _look(self, session: RunSession) -> None:
        from steelyard_server.jobs.live import live_claims

        self._claims = live_claims(session)

    def _tell(self, session: RunSession) -> None:
        from steelyard.planning.questions import OWN_ITEMS

        planned = sum(each.planned + each.extra_calls for each in session.plan.measurements)
        benchmarks = {each.benchmark for each in session.plan.questions.values()}
        own = tuple(sorted(each for each in benchmarks if each.startswith(OWN_ITEMS)))
        claims, left = self._claims
        _write(
            self._out,
            Progress(answered=sum(session.answered.values()), planned=planned, claims=claims, left=left, own=own),
        )


def _write(out: IO[bytes], line: Progress | Ended) -> None:
    out.write(msgspec.json.encode(line)[: MAX_LINE - 1] + b"\n")


def _without_places(message: str, *places: Path) -> str:
    """A message without where this server keeps the job."""
    from steelyard.util.text import one_line

    for place in places:
        message = message.replace(f"{place}: ", "").replace(f"{place}/", "").replace(str(place), "the run")
    return one_line(of_the_server(message), 500)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
