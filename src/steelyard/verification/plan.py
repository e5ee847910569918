"""A sealed plan, derived again from its claims: no row got an easier threshold, another order or another scorer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from steelyard.auditing.scoring import executes, scorers_of
from steelyard.detectors.claim_retest_plan import seal_row
from steelyard.errors import VerificationError
from steelyard.planning.build import order_material
from steelyard.records import Plan, PlanRow
from steelyard.scorers.imported import Imported

__all__ = ["DIGEST_LINE_BYTES", "MAX_REPEATS", "bundle_predicate", "check_plan", "check_scorers"]
DIGEST_LINE_BYTES = 65
MAX_REPEATS = 1000  # as many as can be asked for


def check_plan(run: Path, plan: Plan) -> None:
    """Tests, shares and order seeds follow from the claims: no row was given an easier threshold."""
    weights = math.fsum(row.weight for row in plan.rows)
    if plan.rows and not math.isclose(weights, 1.0):
        raise VerificationError(f"plan.dsse.json: the weights of the rows sum to {weights:g}, not 1")
    for row in plan.rows:
        _check_size(run, row)
        if row.tolerance != plan.tolerance:
            raise VerificationError(f"plan.dsse.json: row {row.id}: another tolerance than the plan's")
        expected = seal_row(row, plan.sheet.claims[row.claim], plan.alpha, len(plan.rows), plan.order_proof)
        if not plan.order_proof:
            expected = msgspec.structs.replace(expected, order_seed=row.order_seed)
        for name in row.__struct_fields__:
            if getattr(row, name) != getattr(expected, name):
                raise VerificationError(f"plan.dsse.json: row {row.id}: {name} does not follow from the claim")
    _check_proof(run, plan)


def _check_size(run: Path, row: PlanRow) -> None:
    """Before anything is computed for each of a row's cells: a stranger's plan must not be larger than its samples."""
    try:
        size = (run / "samples" / f"{row.id}.txt").stat().st_size
    except OSError:
        raise VerificationError(f"samples/{row.id}.txt: missing") from None
    if size != DIGEST_LINE_BYTES * row.population:
        raise VerificationError(
            f"samples/{row.id}.txt: not the samples that the plan sealed: {row.population} digests, a line each"
        )
    if not 1 <= row.repeats <= MAX_REPEATS:
        raise VerificationError(f"plan.dsse.json: row {row.id}: {row.repeats} repeats are not from 1 to {MAX_REPEATS}")


def _check_proof(run: Path, plan: Plan) -> None:
    if not plan.order_proof:
        return
    from steelyard.evidence.keys import check_order_proof, public_key

    roots = {row.id: row.samples_root for row in plan.rows}
    material = order_material(plan.sheet, plan.model, roots, plan.created)
    if not check_order_proof(public_key(str(bundle_predicate(run)["signer"])), material, plan.order_proof):
        raise VerificationError(
            "plan.dsse.json: the order of the samples was not fixed by the key that signed the plan"
        )


def bundle_predicate(run: Path) -> dict[str, Any]:
    from steelyard.evidence.envelope import open_envelope

    document, _ = open_envelope((run / "bundle.dsse.json").read_bytes(), "bundle.dsse.json")
    predicate: dict[str, Any] = document["predicate"]
    return predicate


def check_scorers(plan: Plan) -> None:
    """Marks that another harness made come with its log alone: whoever asked the model itself makes its own."""
    for row_id, scorer in scorers_of(plan).items():
        if not executes(scorer):
            continue
        if isinstance(scorer, Imported) != (plan.origin.kind == "imported"):
            raise VerificationError(
                f"plan.dsse.json: row {row_id}: marks by {scorer.identifier} do not go with an origin of the answers "
                f"that says {plan.origin.kind}"
            )
