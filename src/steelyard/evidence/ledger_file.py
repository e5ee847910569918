"""The file of a ledger: locked while a plan is made, appended to line by line, and synced to disk."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.keys import CryptoSigner, default_key_path
from steelyard.evidence.ledger import (
    MAX_LEDGER_BYTES,
    Begun,
    Line,
    Tags,
    begun_line,
    carried_line,
    check_chain,
    digest_of_plan,
    ended_line,
    has_other_end,
    opened_line,
    parse_lines,
)

__all__ = ["OTHER_END", "LedgerBusy", "LedgerFile", "ledger_path", "open_new_ledger", "read_ledger"]

WAIT_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.05
OTHER_END: Final = "another copy of this run was sealed already, with other answers, and a plan has one end"


class LedgerBusy(InputError):
    """Another process keeps the ledger locked: the same may well be done a little later."""


def ledger_path(key: Path | None = None) -> Path:
    """Where the ledger of the key at ``key`` is: ``$STEELYARD_LEDGER``, or ``key.ledger.jsonl`` beside ``key.pem``."""
    if os.environ.get("STEELYARD_LEDGER"):
        return Path(os.environ["STEELYARD_LEDGER"])
    key = default_key_path() if key is None else key
    return key.with_name(key.name.removesuffix(".pem") + ".ledger.jsonl")


def open_new_ledger(path: Path, signer: CryptoSigner, *, with_key: bool) -> None:
    """Write the first line of a new ledger; raises InputError where one is there, or it cannot be written."""
    line = opened_line(signer, _now(), with_key=with_key)
    if os.path.lexists(path):
        raise InputError("a ledger is here already: leave --new-ledger out", where=path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(line)
                file.flush()
                os.fsync(descriptor)
            os.link(whole, path)  # all of it or nothing, and never over another one
        finally:
            whole.unlink()
    except OSError as error:
        raise InputError(f"cannot write the ledger here: {error.strerror}", where=path) from None


def read_ledger(path: Path) -> bytes:
    """The bytes of a ledger, as far as its lines are whole; raises InputError where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LEDGER_BYTES + 1)
    except FileNotFoundError:
        raise _no_ledger(path) from None
    except OSError as error:
        raise InputError(f"cannot read the ledger: {error.strerror}", where=path) from None
    return _whole_lines(data, path)


def _no_ledger(path: Path) -> InputError:
    return InputError(
        "this key has no ledger here, which counts how often a question was asked: put it back, name it in "
        "STEELYARD_LEDGER, begin one with --new-ledger (every later bundle says so), or do without: --no-ledger",
        where=path,
    )


def _whole_lines(data: bytes, path: Path) -> bytes:
    if len(data) > MAX_LEDGER_BYTES:
        raise InputError(f"larger than {MAX_LEDGER_BYTES} bytes: make a new key", where=path)
    return data[: data.rfind(b"\n") + 1]  # a line that a power cut left half-written began nothing


class LedgerFile:
    """The ledger of one key, locked from :meth:`open` to :meth:`close`, so that no number is given twice.

    ``with`` opens and closes it.
    """

    def __init__(self, path: Path, signer: CryptoSigner) -> None:
        self.path = path
        self.lines: list[Line] = []
        self._signer = signer
        self._data = b""
        self._descriptor = -1

    def __enter__(self) -> LedgerFile:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Lock and read the file.

        Raises InputError where there is none, and where it is not one of this key; LedgerBusy where another process
        keeps the lock for a minute.
        """
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise _no_ledger(self.path) from None
        except OSError as error:
            raise InputError(f"cannot open the ledger: {error.strerror}", where=self.path) from None
        try:
            self._lock()
            self._read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the lock back. More than once does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def data(self) -> bytes:
        """All lines, as a bundle carries them."""
        return self._data

    def begin(self, kind: Begun, plan: str, tags: tuple[Tags, ...]) -> None:
        """Append the line that begins a plan; ``plan`` is the SHA-256 of its payload."""
        self._append(begun_line(self._signer, self.lines, _now(), kind, plan, tags))

    def carry(self, plans: Iterable[tuple[Begun, str, tuple[Tags, ...]]]) -> int:
        """Append a line that counts on each of these plans of earlier keys which the ledger does not have.

        ``plans``: kind, SHA-256 and tags of each. Returns how many lines that were; as :meth:`begin`.
        """
        known, before = {line.plan for line in self.lines}, len(self.lines)
        for kind, plan, tags in plans:
            if (digest := digest_of_plan(plan)) not in known:
                self._append(carried_line(self._signer, self.lines, _now(), kind, plan, tags))
                known.add(digest)
        return len(self.lines) - before

    def end(self, word: Literal["sealed", "finalized", "abandoned"], plan: str, answers: str = "") -> None:
        """Append the line that ends a plan, unless it has ended: a seal that was interrupted is made again.

        ``answers`` is the root over the answers. Raises InputError where the plan did not begin in this ledger, and
        where it ended with other answers.
        """
        own = [line for line in self.lines if line.plan == digest_of_plan(plan)]
        if all(line.event != "begun" for line in own):
            raise InputError("this ledger does not have the run's beginning: put it back as it was", where=self.path)
        if all(line.event != "ended" for line in own):
            self._append(ended_line(self._signer, self.lines, _now(), word, plan, answers))
        elif answers and has_other_end(own, plan, answers):
            raise InputError(f"{OTHER_END}: only that one counts", where=self.path)

    def _lock(self) -> None:
        ends_at = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > ends_at:
                    raise LedgerBusy("another run keeps this ledger locked: try again", where=self.path) from None
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def _read(self) -> None:
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            data = file.read(MAX_LEDGER_BYTES + 1)
        self._data = _whole_lines(data, self.path)
        if not self._data:
            raise InputError("this ledger is empty: put it back as it was", where=self.path)
        if len(self._data) < len(data):
            os.ftruncate(self._descriptor, len(self._data))
        try:
            self.lines = parse_lines(self._data, self.path.name)
            check_chain(self.lines, self._signer.public_key, self.path.name)
        except VerificationError as error:
            raise InputError(f"not the ledger of this key: {error}", where=self.path) from None

    def _append(self, line: bytes) -> None:
        try:
            (parsed,) = parse_lines(line, self.path.name)
        except VerificationError as error:  # a line that no reader takes would end the ledger for good
            raise InputError(f"too many questions for one line of a ledger: plan fewer at once ({error})") from None
        os.lseek(self._descriptor, 0, os.SEEK_END)
        written = os.write(self._descriptor, line)
        if written < len(line):
            os.ftruncate(self._descriptor, len(self._data))
            raise InputError("the ledger cannot be written to its end: make room there", where=self.path)
        os.fsync(self._descriptor)
        self._data += line
        self.lines.append(parsed)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
