"""A plan's place in its key's ledger: the bundle carries the chain, and the plan names its line there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle, open_plan
from steelyard.evidence.chain import JournalCommitment
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES
from steelyard.evidence.forms import has_form, is_count, is_sha256
from steelyard.evidence.keys import SSlibKey
from steelyard.evidence.ledger import MAX_LEDGER_BYTES, Line, check_chain, digest_of_plan, has_other_end, parse_lines

__all__ = ["Chain", "Head", "chain_in", "check_end", "check_head", "check_ledger", "check_one_ledger", "read_head"]

MAX_HEAD_BYTES: Final = 4096


@dataclass(frozen=True)
class Head:
    """The end of a ledger at some time, as ``steelyard ledger head`` prints it: what a verifier may keep."""

    keyid: str
    lines: int
    digest: str


@dataclass(frozen=True)
class Chain:
    """The ledger that a bundle carries, checked: its key, all lines, and the number of the line of its plan.

    ``timestamped``: the plan says that a time stamp was asked for, over that line.
    """

    keyid: str
    lines: tuple[Line, ...]
    place: int
    timestamped: bool = False

    @property
    def line(self) -> Line:
        """The line that begins the plan."""
        return self.lines[self.place]

    @property
    def before(self) -> tuple[Line, ...]:
        """The lines before the plan's own."""
        return self.lines[: self.place]


def check_ledger(bundle: Bundle) -> Chain | None:
    """The ledger that a bundle carries; None where its plan is in none.

    Raises VerificationError where the chain is broken or not the signer's, or where the plan is not in it where it says
    that it is.
    """
    place = _place_of(bundle.path)[0]
    carries = layout.LEDGER in bundle.subjects
    if place is None:
        if carries:
            raise VerificationError(f"{layout.LEDGER}: the plan is in no ledger, and the seal names one")
        return None
    if not carries or bundle.signer is None:
        raise VerificationError(f"{layout.LEDGER}: the plan began in a ledger, and the seal names none")
    return chain_in(bundle.path, bundle.signer)


def check_end(chain: Chain, journal: JournalCommitment) -> None:
    """Raise VerificationError where the plan ended in its ledger with other answers than those of the journal."""
    if has_other_end(chain.lines, journal.plan, journal.answers_root):
        raise VerificationError(
            f"{layout.LEDGER}: the plan ended with other answers: a copy of this run was sealed before it"
        )


def chain_in(run: Path, signer: SSlibKey) -> Chain | None:
    """The ledger in the folder of a run that need not be sealed yet, by the key that signs it; as check_ledger."""
    place, plan_sha256 = _place_of(run)
    if place is None:
        return None
    lines = parse_lines(layout.read_bounded(run, layout.LEDGER, MAX_LEDGER_BYTES), layout.LEDGER)
    check_chain(lines, signer, layout.LEDGER)
    _check_place(lines, place["line"], place["previous"], digest_of_plan(plan_sha256))
    return Chain(signer.keyid, tuple(lines), place["line"], place.get("timestamped", False))


def _place_of(run: Path) -> tuple[dict[str, Any] | None, str]:
    """A plan's place in the ledger as it says itself, None where it names none; and the SHA-256 of the plan."""
    plan, plan_sha256, _ = open_plan(layout.read_bounded(run, layout.PLAN, MAX_ENVELOPE_BYTES), layout.PLAN)
    place = plan.get("ledger")
    if place is None:
        return None, plan_sha256
    if (
        not isinstance(place, dict)
        or not is_count(place.get("line"))
        or not isinstance(place.get("previous"), str)
        or not isinstance(place.get("timestamped", False), bool)
    ):
        raise VerificationError(f"{layout.PLAN}: its place in the ledger is malformed")
    return place, plan_sha256


def _check_place(lines: Sequence[Line], number: int, previous: str, plan: str) -> None:
    where = f"{layout.LEDGER} line {number + 1}"
    if number >= len(lines):
        raise VerificationError(f"{where}: missing: the ledger was rolled back to before the plan")
    line = lines[number]
    if line.event != "begun" or line.plan != plan or line.previous != previous:
        raise VerificationError(f"{where}: does not begin this plan: the ledger was rolled back, forked or replayed")


def check_one_ledger(chains: Sequence[tuple[Path, Chain]]) -> None:
    """Raise VerificationError where two bundles of one key do not carry one ledger: one as the other's beginning."""
    longest: dict[str, tuple[Path, Chain]] = {}
    for path, chain in chains:
        other_path, other = longest.setdefault(chain.keyid, (path, chain))
        for number, (one, two) in enumerate(zip(chain.lines, other.lines, strict=False)):
            if one.digest != two.digest:
                raise VerificationError(
                    f"{path}: its ledger differs from that of {other_path} from line {number + 1} on, and both are by "
                    f"key {chain.keyid}: the ledger was forked or rolled back"
                )
        if len(chain.lines) > len(other.lines):
            longest[chain.keyid] = path, chain


def read_head(path: Path) -> Head:
    """A head in a file; raises InputError where it is none."""
    try:
        with path.open("rb") as file:
            value: Any = json.loads(file.read(MAX_HEAD_BYTES))
    except OSError as error:
        raise InputError(f"cannot read the head of a ledger: {error.strerror}", where=path) from None
    except (ValueError, RecursionError):
        value = None
    if not has_form(value, {"keyid": is_sha256, "lines": is_count, "digest": _is_text}) or not value["lines"]:
        raise InputError("not the head of a ledger, which steelyard ledger head prints", where=path)
    return Head(**value)


def check_head(path: Path, chain: Chain, head: Head) -> bool:
    """Whether a bundle's ledger goes on from a head; False where it ends before it, so that nothing can be said.

    Raises VerificationError where it does not go on from it, InputError where the head is of another key.
    """
    if chain.keyid != head.keyid:
        raise InputError(f"the head is of key {head.keyid}, and the ledger of key {chain.keyid}", where=path)
    if len(chain.lines) < head.lines:
        return False
    if chain.lines[head.lines - 1].digest != head.digest:
        raise VerificationError(
            f"{path}: its ledger does not go on from the head (line {head.lines}): it was forked or rolled back"
        )
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
