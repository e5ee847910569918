"""A sealed plan, planned again: nothing in it that decides a test can be set otherwise and sealed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import SteelyardError, VerificationError
from steelyard.evidence.bundle import seal_plan
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.planning.orders import ProvedOrders, questions_of, with_orders
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal


@pytest.mark.parametrize(
    "change",
    [
        lambda test: test["sealed"].update(accuse=test["sealed"]["accuse"] - 3),
        lambda test: test["sealed"].update(stop_consistent=[0] * 120),
        lambda test: test["sealed"].pop("varies"),
        lambda test: test["sealed"].update(confirm=test["sealed"]["confirm"] - 3),
        lambda test: test["reads"].pop(),
        lambda test: test["sealed"].update(alpha_inconsistent=0.5),
        lambda test: test["sealed"].update(claimed_samples=20),
        lambda test: test["sealed"].update(tolerance="20"),
        lambda test: test["sealed"].update(claim=7),
        lambda test: test["sealed"].update(odd=1),
        lambda test: test.update(weight=0.9),
        lambda test: test.update(null="anything goes"),
        lambda test: test.update(rule="desk_screen@3"),
        lambda test: test.update(rule="other@1"),
        lambda test: test.update(reads=[]),
        lambda test: test["reads"][0].update(scorer="exact@5"),
    ],
)
def test_an_easier_test_does_not_follow_from_the_claim(unsigned: Path, change: Callable[[Any], None]) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan["tests"][2])
    with pytest.raises(VerificationError, match=r"plan.dsse.json"):
        recompute(reseal(unsigned, plan=plan))


@pytest.mark.parametrize(
    "change",
    [
        lambda measurement: measurement.update(population=measurement["population"] + 1),
        lambda measurement: measurement.update(population=10**12),
        lambda measurement: measurement.update(repeats=10**9),
        lambda measurement: measurement.update(repeats=0),
        lambda measurement: measurement.update(share=0.4),
        lambda measurement: measurement.update(order_by="sample"),
        lambda measurement: measurement.update(role="judge"),
        lambda measurement: measurement.update(task="other"),
        lambda measurement: measurement.update(arm=""),
        lambda measurement: measurement.update(output_budget=1),
        lambda measurement: measurement.update(budget_stated=True),
        lambda measurement: measurement.update(reasoning_effort="none"),
    ],
)
def test_a_measurement_that_the_plan_could_not_hold(unsigned: Path, change: Callable[[Any], None]) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan["measurements"][0])
    with pytest.raises(VerificationError, match=r"plan.dsse.json|samples"):
        recompute(reseal(unsigned, plan=plan))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["tests"].pop(2), "claim-01-sums is not planned"),
        (lambda plan: plan["tests"].pop(0), "desk-screen is not planned"),
        (lambda plan: plan.pop("tests"), "is not planned"),
        (lambda plan: plan.update(detectors=plan["detectors"][:1]), "claim_retest did not plan"),
        (lambda plan: plan["detectors"].append("claim_retest@9"), "planned twice"),
        (lambda plan: plan["served"].pop(2), "nothing is planned for claim/1"),
        (lambda plan: plan["served"].append(plan["served"][0]), "answered twice"),
        (lambda plan: plan["served"].append(plan["served"][0] | {"request": "claim/9"}), "belongs to no test"),
        (lambda plan: plan["tests"].append(plan["tests"][2]), "two tests have one id"),
        (lambda plan: plan["models"].pop("subject"), "no model in the role subject"),
        (lambda plan: plan.update(budget_us=None), "spells out a field"),
    ],
)
def test_a_plan_is_planned_again_from_what_it_seals(unsigned: Path, change: Callable[[Any], None], said: str) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(unsigned, plan=plan))


def a_test_of_no_claim(plan: dict[str, Any]) -> None:
    plan["tests"].append(
        {key: value for key, value in plan["tests"][2].items() if key != "weight"} | {"id": "claim-61-sums"}
    )


def other_weights(plan: dict[str, Any]) -> None:
    plan["tests"][1]["weight"] /= 2


def below_nothing(plan: dict[str, Any]) -> None:
    first, second = plan["tests"][1], plan["tests"][2]
    first["weight"], second["weight"] = -1.0, first["weight"] + second["weight"] + 1.0


def another_models_scores(plan: dict[str, Any]) -> None:
    plan["models"]["judge"] = plan["models"]["subject"]
    for each in plan["measurements"]:
        each["role"] = "judge"


def scores_of_nothing(plan: dict[str, Any]) -> None:
    plan["served"][0]["reads"]["scorer"] = "none@1"


def an_unknown_plugin(plan: dict[str, Any]) -> None:
    """A test whose plugin nobody has would not be computed again: a verdict could be hidden in it."""
    plan["detectors"].append("probe_of_others@1")
    plan["tests"][2]["rule"] = "probe_of_others@1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (a_test_of_no_claim, "claim-61-sums is none that"),
        (other_weights, "the weights of the tests sum to"),
        (below_nothing, "the weights of the tests sum to"),
        (another_models_scores, "on another model than the subject"),
        (scores_of_nothing, "scores that no measurement gives"),
        (an_unknown_plugin, "sealed as one by probe_of_others@1"),
        (lambda plan: plan["measurements"][0].update(population=0), "samples"),
    ],
)
def test_a_plan_that_nobody_plans(unsigned: Path, change: Callable[[Any], None], said: str) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(unsigned, plan=plan))


def signed(bundle: Path, signer: KeySigner, *, proof_by: KeySigner) -> Path:
    """The bundle sealed with ``signer``, its order fixed by the proof of ``proof_by``."""
    plan = RunFolder.open(bundle).plan
    questions, names = questions_of(plan.measurements, plan.models)
    placed = ProvedOrders(proof_by).place(questions, "audit")
    form = without_defaults(plan) | {"questions": without_defaults(dict(placed.questions))}
    measurements = with_orders(plan.measurements, names, placed.outputs)
    form["measurements"] = [without_defaults(each) for each in measurements]
    return reseal(bundle, plan=form, signer=signer)


def new_key(path: Path) -> KeySigner:
    return load_signer(create_key(path).path)


def test_an_order_that_another_key_fixed(unsigned: Path, tmp_path: Path) -> None:
    """Two keys give two orders: the one of the key that did not sign the plan could have been chosen."""
    auditor, other = new_key(tmp_path / "one" / "key.pem"), new_key(tmp_path / "other" / "key.pem")
    with pytest.raises(VerificationError, match="not fixed by the key that signed the plan"):
        recompute(signed(unsigned, auditor, proof_by=other))


def test_an_order_that_does_not_follow_from_its_proof(unsigned: Path, tmp_path: Path) -> None:
    auditor = new_key(tmp_path / "keys" / "key.pem")
    bundle = signed(unsigned, auditor, proof_by=auditor)
    plan = without_defaults(RunFolder.open(bundle).plan)
    plan["measurements"][0]["order_seed"] = "f" * 64
    with pytest.raises(VerificationError, match="order_seed does not follow from the order's proof"):
        recompute(reseal(bundle, plan=plan, signer=auditor))


@pytest.mark.parametrize("value", ["1e999999999", "1e-999999999"])
def test_a_number_that_would_take_hours_is_refused_where_the_plan_is_read(unsigned: Path, value: str) -> None:
    """Before, whoever verified such a bundle waited for a fraction of as many digits."""
    plan = without_defaults(RunFolder.open(unsigned).plan)
    plan["sheet"]["claims"][0]["value"] = value
    (unsigned / "plan.dsse.json").write_bytes(seal_plan(plan, None))
    with pytest.raises(SteelyardError, match=r"plan.dsse.json.*value"):
        recompute(unsigned)
