"""The second layer of verification: every score, test and verdict again, from the bundle alone, with Steelyard itself.

The first layer (:mod:`steelyard.evidence.verify`) shows that nothing was changed since the seal. This one shows that
what was sealed follows from the journal: an auditor who edits a score and seals again is caught here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from steelyard.compact import Digests
from steelyard.conclude import conclusion_of, read_scores, renderer, unmarked, write_reports
from steelyard.errors import Broken
from steelyard.evidence.merkle import Tree
from steelyard.journal import Session, Stop, segment_names
from steelyard.journal.lines import SEGMENT
from steelyard.plan import order_material, seal_row
from steelyard.reading import RowReader
from steelyard.recheck_journal import Numbering, checked_records
from steelyard.records import Attempt, Marked, Plan, PlanRow, Score, Verdict
from steelyard.run_folder import open_plan_of
from steelyard.runner.order import order_of, probed_samples
from steelyard.scorers.imported import Imported
from steelyard.scores import acts, scorers_of
from steelyard.util.software import software
from steelyard.verdict import judge

__all__ = ["Recomputed", "recompute"]

# Log-likelihoods and intervals go through the C library's log and gamma; machines agree to many more digits than this.
RELATIVE_TOLERANCE = 1e-6

DIGEST_LINE_BYTES = 65
PROBE = -1  # the position of a probe's repeats
MOST_REPEATS = 1000  # as many as can be asked for


@dataclass(frozen=True)
class Recomputed:
    """What was computed again, and what had to be taken from the journal.

    ``scores`` were computed from the texts, ``withheld`` taken as sealed (their texts are withheld), ``acted`` taken
    from the journal: marks that running code or another harness made, and nobody can make again here. ``wasted``
    counts attempts that brought tokens but nothing readable, ``disowned`` a recording's replies that hold a whole
    answer under the status of a failure.
    """

    scores: int
    withheld: int
    verdict: Verdict
    pages: bool
    acted: int = 0
    wasted: int = 0
    disowned: int = 0

    @property
    def marks(self) -> int:
        """All scores, wherever their marks came from."""
        return self.scores + self.withheld + self.acted


def recompute(run: Path) -> Recomputed:
    """Recompute everything after the journal; raises Broken naming the first thing that does not follow."""
    try:
        return _recompute(run)
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        # A bundle may come from anyone: whatever its numbers make our own code stumble over does not hold.
        raise Broken(f"{run}: its plan and journal cannot be computed: {type(error).__name__}: {error}") from None


def _recompute(run: Path) -> Recomputed:
    plan = open_plan_of(run).plan
    _check_segments(run)
    if plan.origin.kind == "gateway":
        return _recompute_recording(run, plan)
    _check_plan(run, plan)
    _check_scorers(plan)
    journal = _check_journal(run, plan)
    if waiting := unmarked(run):
        raise Broken(f"record {waiting.seq}: the answer of {waiting.sample} was sealed without its mark")
    comparison = _Comparison(read_scores(run))
    open_rows = _OpenRows(plan, journal.unfinished)

    def take(score: Score) -> None:
        comparison.take(score)
        open_rows.take(score)

    found = conclusion_of(run, take)
    comparison.finish()
    open_rows.finish()
    if found.withheld and plan.texts == "sealed":
        raise Broken(f"texts/: the plan sealed them all, and those of {found.withheld} answers are not there")
    from steelyard.reports import machine

    report = json.loads((run / "report.json").read_bytes())
    _check_same(report, json.loads(json.dumps(machine.render(found.verdict))), "report.json")
    pages = _check_pages(run, plan, found.verdict)
    scores = found.scores - found.withheld - journal.acted
    return Recomputed(scores, found.withheld, found.verdict, pages, journal.acted, journal.wasted)


def _recompute_recording(run: Path, plan: Plan) -> Recomputed:
    """A gateway's recording has neither scores nor claims: its report follows from the journal alone."""
    from steelyard.gateway.rereading import check_replies
    from steelyard.gateway.seal import recompute_recording

    for _ in checked_records(run, plan):
        pass
    disowned = check_replies(run)
    pages = recompute_recording(run, plan, _predicate(run).get("renderer"))
    return Recomputed(0, 0, judge(plan, (), {}), pages, disowned=disowned)


def _check_segments(run: Path) -> None:
    """Everything that the seal names is read here: what lay in another segment would be sealed and not judged."""
    segment_names(run)
    for path in sorted((run / "texts").glob("*")):
        if path.name != SEGMENT:
            raise Broken(f"texts/{path.name}: a segment that a run of this version has not")


def _check_plan(run: Path, plan: Plan) -> None:
    """Tests, shares and order seeds follow from the claims: no row was given an easier threshold."""
    weights = math.fsum(row.weight for row in plan.rows)
    if plan.rows and not math.isclose(weights, 1.0):
        raise Broken(f"plan.dsse.json: the weights of the rows sum to {weights:g}, not 1")
    for row in plan.rows:
        _check_size(run, row)
        if row.tolerance != plan.tolerance:
            raise Broken(f"plan.dsse.json: row {row.id}: another tolerance than the plan's")
        expected = seal_row(row, plan.sheet.claims[row.claim], plan.alpha, len(plan.rows), plan.order_proof)
        if not plan.order_proof:
            expected = msgspec.structs.replace(expected, order_seed=row.order_seed)
        for name in row.__struct_fields__:
            if getattr(row, name) != getattr(expected, name):
                raise Broken(f"plan.dsse.json: row {row.id}: {name} does not follow from the claim")
    _check_proof(run, plan)


def _check_size(run: Path, row: PlanRow) -> None:
    """Before anything is computed for each of a row's cells: a stranger's plan must not be larger than its samples."""
    try:
        size = (run / "samples" / f"{row.id}.txt").stat().st_size
    except OSError:
        raise Broken(f"samples/{row.id}.txt: missing") from None
    if size != DIGEST_LINE_BYTES * row.population:
        raise Broken(
            f"samples/{row.id}.txt: not the samples that the plan sealed: {row.population} digests, a line each"
        )
    if not 1 <= row.repeats <= MOST_REPEATS:
        raise Broken(f"plan.dsse.json: row {row.id}: {row.repeats} repeats are not from 1 to {MOST_REPEATS}")


def _check_proof(run: Path, plan: Plan) -> None:
    if not plan.order_proof:
        return
    from steelyard.evidence.keys import check_order_proof, public_key

    roots = {row.id: row.samples_root for row in plan.rows}
    material = order_material(plan.sheet, plan.model, roots, plan.created)
    if not check_order_proof(public_key(str(_predicate(run)["signer"])), material, plan.order_proof):
        raise Broken("plan.dsse.json: the order of the samples was not fixed by the key that signed the plan")


def _predicate(run: Path) -> dict[str, Any]:
    from steelyard.evidence.envelope import open_envelope

    document, _ = open_envelope((run / "bundle.dsse.json").read_bytes(), "bundle.dsse.json")
    predicate: dict[str, Any] = document["predicate"]
    return predicate


def _check_scorers(plan: Plan) -> None:
    """Marks that another harness made come with its log alone: whoever asked the model itself makes its own."""
    for row_id, scorer in scorers_of(plan).items():
        if not acts(scorer):
            continue
        if isinstance(scorer, Imported) != (plan.origin.kind == "imported"):
            raise Broken(
                f"plan.dsse.json: row {row_id}: marks by {scorer.identifier} do not go with an origin of the answers "
                f"that says {plan.origin.kind}"
            )


@dataclass
class _JournalFound:
    """What the journal was found to hold: marks made by acts, wasted attempts, and rows not asked to their end."""

    acted: int = 0
    wasted: int = 0
    unfinished: frozenset[str] = frozenset()


def _check_journal(run: Path, plan: Plan) -> _JournalFound:
    """Every record is one that the plan allows there, about the sample that the committed order has at its place."""
    rows = {row.id: _SealedRow(run, row) for row in plan.rows}
    found, numbering, is_complete = _JournalFound(), Numbering(plan.rows), True
    for record, worker in checked_records(run, plan):
        if isinstance(record, Attempt):
            place = f"record {record.seq}"
            _check_outcome(record, plan, place)
            if record.row not in rows:
                raise Broken(f"{place}: the plan has no row {record.row}")
            numbering.add(record, rows[record.row].check(record, place), worker)
            found.wasted += record.completion_tokens > 0 and not record.outcome.answered
        elif isinstance(record, Marked):
            found.acted += 1
        elif isinstance(record, Session):
            numbering.begin_session()
        elif isinstance(record, Stop):
            is_complete = record.reason == "complete"
    numbering.finish()
    if is_complete:
        found.unfinished = frozenset(row for row, sealed in rows.items() if numbering.ended(row) < sealed.planned)
    if found.unfinished and plan.origin.kind == "imported":
        raise Broken(f"journal/: row {min(found.unfinished)}: a call of the imported log is not there")
    return found


def _check_outcome(record: Attempt, plan: Plan, place: str) -> None:
    if record.outcome.answered != record.final and not _given_up(record, plan):
        raise Broken(f"{place}: an answer is asked for once, and a fault {plan.max_attempts} times, not as here")
    if not record.outcome.answered and plan.origin.kind == "asked" and (record.answer or record.logprobs):
        raise Broken(f"{place}: holds an answer, and says that there was none: {record.outcome.value}")


class _SealedRow:
    """The samples of a row in the order that its seed commits to: 36 bytes each."""

    def __init__(self, run: Path, row: PlanRow) -> None:
        self._row = row
        self._digests = _digests(run, row)
        self._order = order_of(row)
        probed = probed_samples(row, self._order)
        self._probed = {self._digests[number]: place for place, number in enumerate(probed)}

    @property
    def planned(self) -> int:
        """How many calls the plan makes at most, the probe's repeats among them."""
        return self._row.planned + len(self._probed) * len(self._row.probe_repeats)

    def check(self, record: Attempt, place: str) -> int:
        """The number of a record's call among the row's, the probe's repeats last.

        Raises Broken where the record is not about the sample that belongs to its position.
        """
        row = self._row
        if record.position < 0:
            probed = self._probed.get(record.item)
            if record.position != PROBE or record.repeat not in row.probe_repeats or probed is None:
                raise Broken(f"{place}: not a repeat of the plan's probe: a first sample of the committed order")
            return row.cells + probed * len(row.probe_repeats) + record.repeat - row.repeats
        if record.position >= row.planned:
            raise Broken(f"{place}: position {record.position} is outside the committed order")
        sample, repeat = divmod(self._order[record.position], row.repeats)
        if (self._digests[sample], repeat) != (record.item, record.repeat):
            raise Broken(f"{place}: not the sample that the committed order has at position {record.position}")
        return record.position


def _given_up(record: Attempt, plan: Plan) -> bool:
    """Whether a fault may end its call: the client's own error does at once, any other after the last attempt."""
    if record.outcome.answered or not record.final:
        return False
    return not record.outcome.retryable or record.attempt >= plan.max_attempts


def _digests(run: Path, row: PlanRow) -> Digests:
    """The digests of a row's samples; Broken where they are not those that the plan sealed."""
    found, tree = Digests(), Tree()
    try:
        with (run / "samples" / f"{row.id}.txt").open("rb") as lines:
            for line in lines:
                digest = line.rstrip()
                found.append(digest.decode("ascii"))
                tree.append(digest)
    except (OSError, ValueError):
        raise Broken(f"samples/{row.id}.txt: missing or not a list of digests") from None
    if len(found) != row.population or tree.root().hex() != row.samples_root:
        raise Broken(f"samples/{row.id}.txt: not the samples that the plan sealed")
    return found


class _Comparison:
    """The scores that were sealed beside those that follow from the journal, one by one."""

    def __init__(self, sealed: Iterator[Score]) -> None:
        self._sealed = sealed
        self._count = 0

    def take(self, now: Score) -> None:
        self._count += 1
        was = next(self._sealed, None)
        if was is None:
            raise Broken(f"scores.jsonl: {self._count - 1} scores, but the journal gives more")
        if was != now:
            raise Broken(
                f"scores.jsonl line {self._count}: says {was.status} {was.value} for {was.sample}, "
                f"recomputed {now.status} {now.value} for {now.sample}"
            )

    def finish(self) -> None:
        """Raise Broken where more was sealed than there is."""
        if next(self._sealed, None) is not None:
            raise Broken(f"scores.jsonl: more scores than the {self._count} that the journal gives")


class _OpenRows:
    """Rows of a complete run that were not asked to their end: each must have been decided by what was asked."""

    def __init__(self, plan: Plan, unfinished: frozenset[str]) -> None:
        claims = plan.sheet.claims
        self._readers = {row.id: RowReader(row, claims[row.claim]) for row in plan.rows if row.id in unfinished}

    def take(self, score: Score) -> None:
        if (reader := self._readers.get(score.row)) is not None:
            reader.observe(score)

    def finish(self) -> None:
        """Raise Broken where a row is neither decided nor asked to its end."""
        for row, reader in self._readers.items():
            if reader.decision is None:
                raise Broken(f"journal/: row {row}: not all that was planned was asked, and nothing was decided")


def _check_same(was: Any, now: Any, place: str) -> None:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            if key not in was or key not in now:
                raise Broken(f"{place}: {key} does not follow from the journal")
            _check_same(was[key], now[key], f"{place}: {key}")
    elif isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            raise Broken(f"{place} has {len(was)} entries, recomputed {len(now)}")
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            _check_same(one, other, f"{place}[{number}]")
    elif isinstance(was, float | int) and isinstance(now, float | int) and not isinstance(was, bool):
        if not math.isclose(was, now, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-9):
            raise Broken(f"{place} says {was}, recomputed {now}")
    elif was != now:
        raise Broken(f"{place} says {str(was)[:60]!r}, recomputed {str(now)[:60]!r}")


def _check_pages(run: Path, plan: Plan, verdict: Verdict) -> bool:
    """Draw the pages again and compare, where the same versions drew them; else they are covered by the seal alone."""
    import tempfile

    if plan.software != software() or _predicate(run).get("renderer") != renderer():
        return False
    with tempfile.TemporaryDirectory() as folder:
        write_reports(Path(folder), plan, verdict)
        for name in ("report.md", "report.html"):
            if (Path(folder) / name).read_bytes() != (run / name).read_bytes():
                raise Broken(f"{name}: not the page that this journal gives")
    return True
