"""What a platform's verification says of a run, and whether that is good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import ExitCode, InputError, ModelUnavailable
from steelyard.evidence.forms import is_sha256
from steelyard.evidence.verify import verify_integrity
from steelyard.records import VerdictWord
from steelyard.util.text import one_line
from steelyard_server.client.connection import Connection, connected
from steelyard_server.runs.tries import tries_in_words
from steelyard_server.wire.records import RunVerdict

__all__ = ["Standing", "ask_verdicts", "combined", "seal_of", "standing_of", "tries_of"]

_SECONDS: Final = 30.0
_WORST_LAST: Final = (ExitCode.CONSISTENT, ExitCode.UNDECIDED, ExitCode.INCONSISTENT, ExitCode.PLAN_NOT_MET)


@dataclass(frozen=True)
class Standing:
    """What a run comes to: an exit code, and why it is not good where its own verdict does not say that."""

    exit: ExitCode
    why: str = ""


def seal_of(run: str) -> str:
    """The seal that names a run on a platform: 64 digits as they are, or that of a folder, which must be intact.

    Raises VerificationError where a file of the folder is not as it was sealed, InputError where it is no sealed run.
    """
    return run if is_sha256(run) else verify_integrity(Path(run)).bundle.sha256


async def ask_verdicts(seals: Iterable[str], address: str, token: str) -> list[RunVerdict]:
    """What the platform computed of each run.

    Raises InputError where a run is not there, or the token may not ask; ModelUnavailable where the platform cannot be
    reached.
    """
    async with connected(address, token) as platform:
        return [await _ask(platform, seal, address) for seal in seals]


async def _ask(platform: Connection, seal: str, address: str) -> RunVerdict:
    found = await platform.get(f"/api/v1/runs/{seal}", RunVerdict, _SECONDS)
    if found is None:
        raise InputError(f"{address}: run {seal[:16]}… is not in the token's project: steelyard remote push sends it")
    if found.seal != seal:
        raise ModelUnavailable(f"{address}: this is no answer of a platform about this run")
    return found


def standing_of(run: RunVerdict, *, sealed_scores_ok: bool = False) -> Standing:
    """Whether a run is good: only where all of it was verified there, and something was claimed or gated.

    Questions of the user's own under the name of a benchmark say nothing of that one.
    Scores that were taken as sealed could say anything; with ``sealed_scores_ok`` they are believed.
    """
    code = ExitCode(run.exit)
    if code is not ExitCode.CONSISTENT:
        return Standing(code)
    if run.restored:
        why = "it is from a backup that nobody vouched for, and was not verified there: push it to another project"
    elif run.verified_exit:
        why = "not all of it could be verified there: its page says what"
    elif run.verdict is None:
        why = "it only measures: it has no claim and no gate that could hold"
    elif run.verdict is not VerdictWord.CONSISTENT:
        why = f"its verdict is {run.verdict.words}"
    elif run.own_questions:
        named = one_line(", ".join(run.own_questions), 200)
        why = f"its questions are the user's own, not the benchmark {named}: rename them, and run it again"
    elif run.scores_taken and not sealed_scores_ok:
        why = (
            f"{run.scores_taken:,} scores were taken as sealed, not computed there, and whoever sealed the run could "
            "have written any: push it with its texts, or accept them with --sealed-scores-ok"
        )
    else:
        return Standing(code)
    return Standing(ExitCode.UNDECIDED, why)


def tries_of(run: RunVerdict) -> str:
    """How many other jobs there asked the same, in words; "" where none did."""
    return tries_in_words([one_line(each.state, 20) for each in run.other_tries])


def combined(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of several runs: that of the worst, in the order of all commands."""
    return max(codes, key=_WORST_LAST.index)
