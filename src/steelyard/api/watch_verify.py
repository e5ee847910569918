"""A watch recomputed from the sealed runs of its passes: the chain, each run, the baseline, E and the alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.results import verified
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex
from steelyard.records.watching import WATCH_INPUT, BaselineSet
from steelyard.storage.run_folder import RunFolder
from steelyard.watching.folder import open_log
from steelyard.watching.log import LOG, Pass, WatchLog
from steelyard.watching.passes import baseline_line, facts_of, measurement_of, scores_of
from steelyard.watching.same_question import differences
from steelyard.watching.standing import Standing, standing_of

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.api.results import VerifyResult

__all__ = ["WatchVerified", "verify_watch"]

_ROUNDING = 1  # Student's t comes from another library on another machine: the last of six digits may differ


@dataclass(frozen=True)
class WatchVerified:
    """A watch that holds. ``signed_by`` is the key of all passes, empty where they are not signed.

    ``scores`` were computed again, in ``passes`` runs; ``in_ledger``: each pass began in the key's ledger, which
    has so many ``earlier`` plans of the same question, and so many other ones ``between`` the passes.
    ``open`` names what was not recomputed: passes that are lost or not finished, and tests or pages of a run.
    """

    folder: Path
    standing: Standing
    signed_by: str = ""
    passes: int = 0
    scores: int = 0
    in_ledger: bool = False
    earlier: int = 0
    between: int = 0
    open: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> ExitCode:
        """3 where something was not recomputed, else 0; what stands of the model is no matter of the evidence."""
        return ExitCode.UNDECIDED if self.open else ExitCode.CONSISTENT


def verify_watch(
    path: Path,
    require_key: Path | None = None,
    roots: Sequence[x509.Certificate] = (),
    progress: Callable[[str], None] = lambda line: None,
    *,
    ignores_pages: bool = False,
) -> WatchVerified:
    """Recompute a watch offline: every run, what each pass came to, the baseline's bound and bets, and E.

    Raises VerificationError naming the first thing that does not follow, InputError where ``path`` is no watch.
    """
    log = open_log(path)
    _check_no_other_runs(path, log)
    first: RunFolder | None = None
    signers: set[str] = set()
    found: list[str] = []
    scores, passes, in_ledger = 0, 0, True
    counted: list[int] = []  # by pass that ended: the number by its ledger, less those that the log knows of
    heads = _heads(path)
    for number, each in enumerate(log.passes, 1):
        place = path / each.place
        if each.facts is None:
            found.append(f"{each.words} is {'not finished' if each.end is None else 'lost'}")
            continue
        progress(f"verifying {each.words}, {number} of {len(log.passes)}")
        result = _verified(place, require_key, roots)
        run = RunFolder.open(place)
        first = first or run
        _check_pass(each, run, first, heads[each.begun.seq])
        signers.add(result.signed_by)
        scores, passes = scores + result.recomputed.scores, passes + 1
        in_ledger = in_ledger and run.plan.ledger is not None
        counted += [question.number - number for question in run.plan.questions.values()]
        is_open = result.not_recomputed or result.recomputed.other_drawers or result.is_undated
        if is_open or (result.pages_not_compared and not ignores_pages):
            found.append(f"{each.words}: steelyard verify {place} says what was not checked")
    if len(signers) > 1:
        raise VerificationError(f"{path}: its passes are not all signed by one key")
    if log.baseline is not None:
        _check_baseline(path, log, log.baseline)
    in_ledger = in_ledger and bool(passes)
    return WatchVerified(
        folder=path,
        standing=standing_of(log),
        signed_by=next(iter(signers), ""),
        passes=passes,
        scores=scores,
        in_ledger=in_ledger,
        earlier=counted[0] if in_ledger else 0,
        between=counted[-1] - counted[0] if in_ledger else 0,
        open=tuple(found),
    )


def _verified(place: Path, require_key: Path | None, roots: Sequence[x509.Certificate]) -> VerifyResult:
    try:
        return verified(place, require_key, roots)
    except InputError as error:  # within a watch a run that is not there is no wrong argument
        raise VerificationError(f"the log says that a pass ended there: {error}") from None


def _heads(path: Path) -> list[str]:
    """By number of a line, the digest of the line before it."""
    lines = (path / LOG).read_bytes().split(b"\n")[:-1]
    return ["", *(sha256_hex(line) for line in lines)]


def _check_no_other_runs(path: Path, log: WatchLog) -> None:
    """A run beside those of the log may be one that was asked twice, or left out."""
    known = {each.place for each in log.passes}
    for folder in ("baseline", "looks"):
        for each in sorted((path / folder).glob("*")):
            if f"{folder}/{each.name}" not in known:
                raise VerificationError(f"{each}: the log knows nothing of it")


def _check_pass(each: Pass, run: RunFolder, first: RunFolder, head: str) -> None:
    assert each.facts is not None, "only passes that ended are compared"
    plan, where = run.plan, run.path
    if run.plan_sha256 != each.begun.plan:
        raise VerificationError(f"{where}: is another run than the one that began here by the log")
    if sha256_hex((where / layout.BUNDLE).read_bytes()) != getattr(each.end, "bundle", ""):
        raise VerificationError(f"{where}: is sealed otherwise than the log says")
    given = plan.inputs.get(WATCH_INPUT)
    if given is None or given.sha256 != head:
        raise VerificationError(f"{where}: its plan does not name the line of the log before it: it was asked "
                                "for another watch, or the log was changed")  # fmt: skip
    if found := differences(first.plan, plan):
        raise VerificationError(f"{where}: asks otherwise than the first pass: {', '.join(found)}")
    if run.signers != first.signers:
        raise VerificationError(f"{where}: its plan is not signed by the key of the first pass")
    if facts_of(run) != each.facts:
        raise VerificationError(f"{where}: did not come to what the log says of it")


def _check_baseline(path: Path, log: WatchLog, sealed: BaselineSet) -> None:
    runs = [RunFolder.open(path / each.place) for each in log.of("baseline") if each.facts is not None]
    try:
        again = baseline_line([scores_of(run) for run in runs], log.opened.alpha, sealed.seq, sealed.prev, sealed.at)
    except ValueError as error:
        raise VerificationError(f"{LOG} line {sealed.seq + 1}: no baseline follows from its passes: {error}") from None
    pairs: Iterator[tuple[str, int, int]] = (
        (name, getattr(sealed, name), getattr(again, name)) for name in ("items", "mean", "spread", "bound")
    )
    for name, was, now in [*pairs, *(("bets", *both) for both in zip(sealed.bets, again.bets, strict=False))]:
        if abs(was - now) > _ROUNDING:
            raise VerificationError(f"{LOG} line {sealed.seq + 1}: {name} is {was}, and {now} by its passes")
    if len(sealed.bets) != len(again.bets) or measurement_of(runs[0].plan).population != sealed.items:
        raise VerificationError(f"{LOG} line {sealed.seq + 1}: does not follow from its passes")
