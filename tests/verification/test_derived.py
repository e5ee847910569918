"""Every field of what is planned is derived: changed to another legal value and sealed again, it is refused by name."""

from __future__ import annotations

import itertools
import json
import types
import typing
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from msgspec.structs import replace

from steelyard.claims.sheet import read_sheet
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import load_signer
from steelyard.evidence.new_key import create_key
from steelyard.planning.build import RunRequest, build_plan, build_run
from steelyard.planning.options import Options, planned_model
from steelyard.planning.sources import measurement_id
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    ModelIdentity,
    NotPlanned,
    Origin,
    Plan,
    PlanInput,
    Protocol,
)
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.plan import check_scorers, planned_again
from testkit.resealing import reseal
from tests.assets.make_golden import GOLDEN

FILE = ModelIdentity(uri="gguf:m", name="m", sha256="0" * 64, backend="llama.cpp")
IN_PROCESS = Capabilities(chat=True, loglikelihood=True, deterministic=True)
ENDPOINT = ModelIdentity(uri="openai:m@http://127.0.0.1/v1", name="m", backend="OpenAI-compatible HTTP")
BY_CHAT = Capabilities(
    chat=True, completions=False, loglikelihood_reason="this endpoint cannot give log-likelihoods: x"
)

# What a verifier cannot derive, and why: changed alone, it is not refused here. ``order_seed`` and ``share`` of
# measurements and the ``weight`` of tests follow from all of them together: tests/verification/test_plan.py.
OF_THE_FILE = "sentences that only the task's file gives may stand among those that are derived"
FREE: dict[str, dict[str, str]] = {
    "generated": {},
    "run": {"measurement.repeats": "a run's are the user's; of all measurements of a run together, they are the same"},
    "hub": {
        "not_planned.reason": "the words of an error on the machine that planned; that they speak of data is checked",
    },
    "own": {"served.differences": OF_THE_FILE},
    "golden": {
        "served.confirms_only": "only the task's file says which worked examples the text of its prompt shows",
        "served.differences": OF_THE_FILE,
        "served.prompt": "of a second claim on one measurement: only the task's file says which names have one text",
    },
}
TOGETHER = ("order_seed", "question", "share", "weight")
# What names a change where the field's own name does not: the thing that it would be.
NAMED_BY = {
    "id": ("by a measurement that the plan lacks", "is not planned"),
    "request": ("nothing is planned for",),
    "reads": ("by a measurement that the plan lacks", "is not the identifier of a scorer"),
    "kind": ("cannot give log-likelihoods",),
    "rule": ("a test by",),
    "sealed": ("odd does not follow",),
    "verdict": ("is not_testable, and it can be asked",),
    "shots": ("samples_root",),
    "temperature": ("samples_root",),
    "window": ("has no part",),
    "chat": ("samples_root", "differences", "belongs to no test", "does not follow"),
    "prompt": ("nothing is planned for",),
    "unverifiable": ("weight does not follow",),
    "confirms_only": ("belongs to no test",),  # what is never rejected needs no check of sampled answers
}


def planned(*claims: Claim, model: tuple[ModelIdentity, Capabilities], **options: Any) -> Plan:
    sheet = ClaimSheet(model="m", claims=claims, digest="0" * 64)
    chosen = Options(**options)
    return build_plan(sheet, {"subject": planned_model(*model, chosen)}, chosen).plan


def generated(folder: Path) -> Plan:
    """The sheet of ``make audit``, with a row that cannot be tested and one that nothing is known about."""
    claims = read_sheet(Path(__file__).parents[2] / "examples" / "embedded.yaml").claims
    more = Claim(task="chain_sum", value="150"), Claim(task="nothing", value="5")
    return planned(*claims[:2], *more, model=(FILE, IN_PROCESS), limit=40)


def run(folder: Path) -> Plan:
    options = Options(limit=20, repeats=3)
    wanted = [RunRequest(task="chain_sum", temperature=0.7)]
    return build_run(wanted, {"subject": planned_model(ENDPOINT, BY_CHAT, options)}, options).plan


def hub(folder: Path) -> Plan:
    """A claim that states nothing, on a part of a benchmark; and one whose data are not there."""
    rows = folder / "openai" / "gsm8k" / "main"
    rows.mkdir(parents=True)
    for split in ("train", "test"):
        lines = (json.dumps({"question": f"{n} + {n}?", "answer": f"It is {2 * n}.\n#### {2 * n}"}) for n in range(30))
        (rows / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    claims = Claim(task="GSM8K", value="60"), Claim(task="mmlu", value="60")
    return planned(*claims, model=(ENDPOINT, BY_CHAT), data=folder, allow_part=True)


def own(folder: Path) -> Plan:
    questions = folder / "sums.jsonl"
    questions.write_text("".join(json.dumps({"question": f"{n} + 1?", "answer": n + 1}) + "\n" for n in range(40)))
    return planned(Claim(task="sums", value="60"), model=(ENDPOINT, BY_CHAT), task_files=(questions,))


def golden(folder: Path) -> Plan:
    return RunFolder.open(GOLDEN).plan


PLANS: dict[str, Callable[[Path], Plan]] = {
    "generated": generated, "run": run, "hub": hub, "own": own, "golden": golden,
}  # fmt: skip
LISTS = {"measurement": "measurements", "test": "tests", "served": "served", "not_planned": "not_planned"}


def others(kind: Any, value: Any) -> Iterator[Any]:
    """Other values of this type: the first legal one of each of its parts."""
    if get_origin(kind) in (Union, types.UnionType):
        inner = next(each for each in get_args(kind) if each is not type(None))
        yield from [None] if value is not None else []
        yield from others(inner, value) if value is not None else [1 if inner is int else example(inner)]
    elif get_origin(kind) is Literal:
        yield from (each for each in get_args(kind) if each != value)
    elif get_origin(kind) is tuple:
        yield from [(), value[:-1]] if value else [("x",) if get_args(kind)[0] is str else ()]
        yield from [(*value, "x")] if get_args(kind)[0] is str else [(*value, value[0])] if value else []
    elif get_origin(kind) is dict:
        yield {**value, "odd": 1}
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for name, inner in typing.get_type_hints(kind).items():
            yield from (replace(value, **{name: each}) for each in others(inner, getattr(value, name)))
    elif kind is bool:
        yield not value
    else:
        yield value / 2 + 0.1 if kind is float else value + 1 if kind is int else f"{value}x"


def example(kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return (example(get_args(kind)[0]),)
    if not issubclass(kind, msgspec.Struct):
        return kind(1) if kind in (int, str) else kind()
    return kind(**{name: example(inner) for name, inner in typing.get_type_hints(kind).items()})


def refused(plan: Plan) -> str:
    """Why a plan is refused, once sealed and read again; empty where it holds."""
    read = msgspec.convert(json.loads(json.dumps(without_defaults(plan))), Plan)
    try:
        planned_again(read)
        check_scorers(read)
    except VerificationError as error:
        return str(error)
    return ""


def changed(plan: Plan) -> Iterator[tuple[str, str, Plan]]:
    """The plan with each field of each of its records changed, one at a time."""
    for kind, name in LISTS.items():
        records = getattr(plan, name)
        for place, record in enumerate(records):
            for field, hint in typing.get_type_hints(type(record)).items():
                for value in others(hint, getattr(record, field)):
                    if field not in TOGETHER and value != getattr(record, field):
                        forged = (*records[:place], replace(record, **{field: value}), *records[place + 1 :])
                        yield kind, field, replace(plan, **{name: forged})


def test_what_fresh_samples_leave_out_is_sealed_where_their_generator_is_not_here(tmp_path: Path) -> None:
    """Sums of 2 to 8 terms: the short ones are few, and about twenty of a thousand are in two draws."""
    task = files("steelyard.tasks").joinpath("builtin", "chain_sum.yaml").read_text()
    begin, end = task.index("\ngenerator:") + 1, task.index("\nfields:") + 1
    options = "{min_terms: 2, max_terms: 8, largest: 9, first_largest: 49}"
    made = f"generator: {{name: chain_sum, count: 1000, seed: public-1, options: {options}}}\n\n"
    own = tmp_path / "my_sums.yaml"
    own.write_text(f"{task[:begin]}{made}{task[end:]}".replace("id: chain_sum", "id: my_sums"))
    claim = Claim(task="my_sums", value="60", protocol=Protocol(prompt="chat"))
    plan = planned(claim, model=(ENDPOINT, BY_CHAT), task_files=(own,))
    *others, fresh = plan.measurements
    assert (fresh.drawn, fresh.population) == ("twins", 1000 - len(fresh.left_out))
    assert len(fresh.left_out) > 5
    assert refused(plan) == ""
    for left_out in ((-1,), (1000,), (3, 2), (2, 2), tuple(range(501))):
        forged = replace(plan, measurements=(*others, replace(fresh, left_out=left_out)))
        assert "left_out does not go with the public samples" in refused(forged)


@pytest.mark.parametrize(
    ("case", "step"),
    [
        *((each, 1) for each in ("run", "own", "golden")),
        # Every twelfth change of these alone in the fast run: each has hundreds.
        *((each, 12) for each in ("generated", "hub")),
        *(pytest.param(each, 1, marks=pytest.mark.slow) for each in ("generated", "hub")),
    ],
)
def test_every_field_is_derived(case: str, step: int, tmp_path: Path) -> None:
    plan = PLANS[case](tmp_path)
    assert refused(plan) == ""
    held, fields = set(), set()
    for kind, field, forged in itertools.islice(changed(plan), 0, None, step):
        fields.add(f"{kind}.{field}")
        why = refused(forged)
        if not why:
            held.add(f"{kind}.{field}")
        elif field not in why:
            assert any(name in why for name in NAMED_BY[field]), (kind, field, why)
    if step > 1:
        assert held <= set(FREE[case])
        return
    assert {f"measurement.{name}" for name in ("chance", "decoding", "limit", "part", "repeat_check")} <= fields
    assert held == set(FREE[case])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limit": 10}, "limit is"),
        ({"tolerance": "5"}, "tolerance does not follow"),
        ({"alpha": 0.5}, "alpha is 0.5, not 0.05"),
        ({"scorer": "exact@5"}, ""),  # a claim about a public benchmark is scored by its own rule
        ({"tasks": {"chain_sum": "file", "products": "steelyard 0.1.0"}}, "built-in task chain_sum"),
        ({"tasks": {"products": "steelyard 0.1.0"}}, "tasks: 'chain_sum' is missing"),
        ({"tasks": {"chain_sum": "other 1", "products": "steelyard 0.1.0"}}, "is said to come from 'other 1'"),
        ({"output_tokens": 7}, "An answer may have 7 tokens"),
        ({"reasoning_effort": "low"}, "does not reason"),
        ({"budget_us": 0}, "budget_us is 0"),
        ({"inputs": {"a": PlanInput(kind="a", sha256="0")}}, "inputs are not those"),
        ({"origin": Origin(kind="imported")}, "not by imported ones"),
        ({"origin": Origin(file="a")}, "origin names a log"),
        ({"plugins": {}}, "plugins are not those"),
    ],
)
def test_the_options_that_shape_a_plan(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert said in refused(replace(generated(tmp_path), **change))


def hidden(plan: Plan, request: str, verdict: str, reason: str) -> Plan:
    """The plan without a row: its request is refused; its measurements and its test are gone, the others renumbered."""
    named = [each for each in plan.served if each.request == request or each.request.startswith(f"{request}/")]
    gone = {each.reads.measurement for each in named}
    task = plan.by_id[named[0].reads.measurement].task
    kept = [each for each in plan.measurements if each.id not in gone]
    ids = {each.id: measurement_id(number, each.task) for number, each in enumerate(kept)}
    return replace(
        plan,
        measurements=tuple(replace(each, id=ids[each.id]) for each in kept),
        served=tuple(
            replace(each, reads=replace(each.reads, measurement=ids[each.reads.measurement]))
            for each in plan.served
            if each not in named
        ),
        not_planned=(NotPlanned(request=request, task=task, verdict=verdict, reason=reason), *plan.not_planned),  # type: ignore[arg-type]
        tests=tuple(each for each in plan.tests if named[0].reads not in each.reads),
    )


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("not_tested", "no data for chain_sum: give a mirror with --data DIR"),
        ("not_tested", "no task has this name"),
        ("not_testable", "the data here hold 3 of the 300 items of chain_sum: give the whole of it, or --allow-part"),
        (
            "not_testable",
            "the vendor scored 1,000 items, the data here hold 300: give the whole of it, or --allow-part",
        ),
        ("not_testable", "the sandbox does not start"),
        ("not_testable", "two models by their names; if they are one, add --accept-model"),
    ],
)
def test_a_row_of_a_generated_task_cannot_be_hidden(tmp_path: Path, verdict: str, reason: str) -> None:
    assert "claim/0 is not_test" in refused(hidden(generated(tmp_path), "claim/0", verdict, reason))


def test_a_row_that_cannot_be_tested_cannot_be_invented(tmp_path: Path) -> None:
    plan = generated(tmp_path)
    first = plan.served[0]
    forged = replace(plan, served=(*plan.served, replace(first, request="claim/2")), not_planned=plan.not_planned[1:])
    assert "claim/2 is served, and it cannot be: 150 is outside 0 to 100" in refused(forged)


def test_samples_that_a_generator_does_not_give(tmp_path: Path) -> None:
    plan = generated(tmp_path)
    easier = tuple(replace(each, samples_root="f" * 64) for each in plan.measurements)
    assert "samples_root is 'ffff" in refused(replace(plan, measurements=easier))


def test_data_that_were_there_for_another_request_were_there(tmp_path: Path) -> None:
    """The sampled configuration asks the samples of its row once more: their data cannot be missing."""
    plan = hidden(hub(tmp_path), "claim/0/sampled/chat", "not_tested", "no data: the mirror has no gsm8k")
    assert "claim/0/sampled/chat is not_tested, and it can be asked" in refused(plan)
    other = tmp_path / "other"
    other.mkdir()
    plan = hidden(own(other), "claim/0/sampled/question", "not_tested", "no data: the mirror has no sums")
    assert "the test claim-00-sums is not planned, and no reason is given" in refused(plan)


def test_a_file_with_the_name_of_a_benchmark_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new plan has none; this is one of before that was refused, or of somebody who took the check out."""
    monkeypatch.setattr("steelyard.planning.build.check_not_built_in", lambda names: None)
    questions = tmp_path / "chain_sum.jsonl"
    questions.write_text("".join(json.dumps({"question": f"{n} + 1?", "answer": n + 1}) + "\n" for n in range(40)))
    plan = planned(Claim(task="chain_sum", value="60"), model=(ENDPOINT, BY_CHAT), task_files=(questions,))
    assert (plan.tasks, refused(plan)) == ({"chain_sum": "file"}, "")
    said = "Asked from a task file of the user's own, not from the built-in task chain_sum."
    assert said in plan.served[0].differences
    silent = tuple(replace(each, differences=()) for each in plan.served)
    assert "differences is" in refused(replace(plan, served=silent))


def test_another_version_is_named_in_the_error(tmp_path: Path) -> None:
    plan = replace(generated(tmp_path), software="steelyard 9.0")
    tasks = dict.fromkeys(plan.tasks, "steelyard 9.0")
    assert refused(replace(plan, tasks=tasks)) == ""
    (first, *rest) = plan.measurements
    why = refused(replace(plan, tasks=tasks, measurements=(replace(first, chance=0.2), *rest)))
    assert "chance is '0.2'" in why
    assert "(sealed by steelyard 9.0, this is steelyard " in why


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "claimed_samples": (lambda plan: plan["tests"][1]["sealed"].update(claimed_samples=20), "claimed_samples"),
    "chance": (lambda plan: plan["measurements"][0].update(chance=0.25), "chance"),
    "decoding": (lambda plan: plan["measurements"][0].update(decoding="sampled", temperature=1.5), "decoding"),
    "repeats": (lambda plan: plan["measurements"][0].update(repeats=3), "repeats"),
    "probe": (lambda plan: plan["measurements"][1].update(repeat_check={"repeats": 3, "samples": 2}), "repeat_check"),
}


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_forgeries_of_a_plan_are_named_by_the_command(
    unsigned: Path, tmp_path: Path, forgery: str, with_key: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    signer = load_signer(create_key(tmp_path / "keys" / "key.pem").path) if with_key else None
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change, named = FORGERIES[forgery]
    change(plan)
    reseal(unsigned, plan=plan, signer=signer)
    assert steelyard(["verify", str(unsigned)]) == 1
    shown = capsys.readouterr().err
    assert "steelyard: plan.dsse.json: " in shown
    assert named in shown


def test_verify_says_what_rests_on_a_file_that_is_not_here(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(bundle)]) == 0
    shown = capsys.readouterr().out
    assert "as sealed: 00-sums: a task file that is not here (sums) has its prompt, scorer" in shown
    assert steelyard(["verify", str(bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks_not_here"] == {"sums": ["00-sums"]}
