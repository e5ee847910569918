"""The time stamp of a run: over the ledger's line that begins its plan, sealed before the first attempt."""

from __future__ import annotations

import shlex
import time
from hashlib import sha256
from typing import TYPE_CHECKING

from steelyard.errors import InputError, TimestampUnavailable, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.ledger_place import chain_in
from steelyard.evidence.timestamp import Stamp, stamp_in
from steelyard.evidence.timestamp_place import CLOCK_TOLERANCE_US, check_imprint
from steelyard.runner.timestamp_client import ask_for_stamp, check_address
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.evidence.keys import KeySigner
    from steelyard.evidence.ledger import Line
    from steelyard.storage.run_folder import RunFolder

__all__ = ["check_is_stamped", "ensure_stamp", "new_stamp"]


async def ensure_stamp(
    run: RunFolder, signer: KeySigner | None, url: str, seconds_left: float | None, *, has_attempts: bool
) -> Stamp | None:
    """The run's time stamp, asked for at ``url`` where it has none yet; None where its plan asks for none.

    ``url`` comes from the user, or from what this user noted when the run began; never from the run's folder. Raises
    TimestampUnavailable where the authority gives none that can be used (nothing was asked then), and InputError where
    it comes too late, nobody names the authority, or this machine's clock is behind the stamp.
    """
    if run.plan.ledger is None or not run.plan.ledger.timestamped:
        return None
    if (found := stamp_in(run.path)) is not None:
        if (ahead := _seconds_ahead(found)) > 0:
            raise InputError(
                f"this machine's clock is {ahead:,.0f} s behind the run's time stamp, so its attempts would seem older "
                "than that: set the clock",
                where=run.path,
            )
        return found
    if has_attempts:
        raise InputError(
            f"{layout.TIMESTAMP} is gone, and a new one would be younger than the first attempt: put it back",
            where=run.path,
        )
    if not url:
        raise InputError("this run has no time stamp yet: name the authority with --timestamp URL", where=run.path)
    assert signer is not None, "only the key that began a plan in its ledger goes on with it"
    chain = chain_in(run.path, signer.public_key)
    assert chain is not None, "the plan has a place in the ledger"
    return await _stamped(run, chain.line, url, seconds_left)


async def _stamped(run: RunFolder, line: Line, url: str, seconds_left: float | None) -> Stamp:
    """Ask the authority, check what it answers, and keep it."""
    try:
        data, stamp = await new_stamp(
            line.canonical_bytes, url, seconds_left, lambda stamp: check_imprint(stamp, line, "its answer")
        )
    except TimestampUnavailable as error:
        raise _not_begun(run, str(error)) from None
    write_file(run.path / layout.TIMESTAMP, data)
    return stamp


async def new_stamp(
    dated: bytes, url: str, seconds_left: float | None = None, check: Callable[[Stamp], None] = lambda stamp: None
) -> tuple[bytes, Stamp]:
    """Have the authority at ``url`` date some bytes: its answer as it came, and what it says.

    Only their SHA-256 is sent. ``check`` raises VerificationError for a stamp that its reader would refuse. Raises
    InputError for an address that is none, MissingDependency without the extra, and TimestampUnavailable where no
    answer comes that can be used.
    """
    from steelyard.evidence.timestamp_signature import decoded, new_request, require_client

    require_client("--timestamp")
    check_address(url, "--timestamp")
    request = new_request(dated)
    data = await ask_for_stamp(url, request.body, seconds_left)
    try:
        stamp = decoded(data)[0]
        if stamp.nonce != request.nonce:
            raise ValueError("it answers another request: its nonce is not ours")
        check(stamp)
        if stamp.imprint != sha256(dated).digest():
            raise ValueError("it is of other data than what was sent")
        if (ahead := _seconds_ahead(stamp)) > 0:
            raise ValueError(f"its clock is {ahead:,.0f} s ahead of this machine's: set the clock that is wrong")
    except (ValueError, VerificationError) as error:
        raise TimestampUnavailable(f"no time stamp from {one_line(url, 200)}: {one_line(str(error), 400)}") from None
    return data, stamp


def _seconds_ahead(stamp: Stamp) -> float:
    """How far a stamp's time is ahead of this machine's clock; 0 where that is within what a verifier allows."""
    ahead = stamp.at_us - stamp.accuracy_us - time.time_ns() // 1000
    return ahead / 1e6 if ahead > CLOCK_TOLERANCE_US else 0.0


def _not_begun(run: RunFolder, reason: str) -> TimestampUnavailable:
    return TimestampUnavailable(
        f"{reason}. Nothing was asked yet; when that is fixed, go on with: "
        f"steelyard resume {shlex.quote(str(run.path))} (--timestamp URL names another authority)"
    )


def check_is_stamped(run: RunFolder) -> None:
    """Raise InputError where a run that is to be sealed has lost its time stamp."""
    if run.plan.ledger is not None and run.plan.ledger.timestamped and stamp_in(run.path) is None:
        raise InputError(
            f"its time stamp ({layout.TIMESTAMP}) is not there: put it back, or, where nothing was asked yet, "
            "go on with steelyard resume",
            where=run.path,
        )
