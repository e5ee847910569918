"""Where orders come from: one key, one benchmark, one number, one order."""

from __future__ import annotations

import itertools
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.ledger_file import LedgerFile, ledger_path
from steelyard.evidence.new_key import create_key
from steelyard.planning import orders
from steelyard.planning.build import Planned, build_plan
from steelyard.planning.options import Options
from steelyard.planning.orders import ProvedOrders, RandomOrders
from steelyard.records import Claim, ClaimSheet, ModelIdentity, PlannedModel, Question
from steelyard.records import Protocol as ClaimProtocol

QUESTIONS = [(f"What is {number} + {number * 7 % 91}?", str(number + number * 7 % 91)) for number in range(60)]


@pytest.fixture
def signer(tmp_path: Path) -> KeySigner:
    return load_signer(create_key(tmp_path / "keys" / "key.pem").path)


def questions_file(folder: Path, rows: list[tuple[str, str]], name: str = "sums.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    lines = [json.dumps({"question": question, "answer": answer}) for question, answer in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def planned(signer: KeySigner, file: Path, claims: tuple[Claim, ...], uri: str, **options: Any) -> Planned:
    models = {"subject": PlannedModel(identity=ModelIdentity(uri=uri, name="m"))}
    given = Options(task_files=(file,), **options)
    return build_plan(ClaimSheet(model="m", claims=claims), models, given, ProvedOrders(signer))


def order_of_questions(found: Planned) -> list[str]:
    """The questions of the first measurement in the order in which they are asked."""
    from steelyard.planning.order import order_of

    asked = found.plan.measurements[0]
    samples = found.prepared[asked.id].samples
    firsts = [trial // asked.repeats for trial in order_of(asked) if trial % asked.repeats == 0]
    return [samples[number].target for number in firsts]


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_forty_variations_of_sheet_address_options_and_rows_leave_the_order_as_it_is(
    signer: KeySigner, tmp_path: Path, step: int
) -> None:
    """In the fast run those of which the numbers have every remainder by two, three and five."""
    values, tolerances = ("75", "75.0", "80", "99", "60.5"), ("2", "3.5")
    spellings = ("openai:m@http://h.example/v1", "openai:m@HTTP://H.example:80/./v1/")
    rows = (QUESTIONS, QUESTIONS[::-1])
    orders = set()
    variations = list(itertools.product(values, tolerances, spellings, range(2)))
    assert len(variations) == 40
    for number, (value, tolerance, uri, turned) in [*enumerate(variations)][::step]:
        file = questions_file(tmp_path / str(turned), rows[turned])
        claims = [
            Claim(
                task="sums", value=value, note=f"remark {number}", line=number,
                protocol=ClaimProtocol(decoding="temperature 0.6" if number % 3 == 0 else "greedy"),
            )
        ]  # fmt: skip
        if number % 2:
            claims.append(Claim(task="chain_sum", value="50"))
        options = {"limit": 30 + number} if number % 5 == 0 else {"output_tokens": 100 + number}
        found = planned(signer, file, tuple(claims), uri, tolerance=tolerance, **options)
        orders.add(tuple(order_of_questions(found)))
    assert len(orders) == 1


def test_another_key_question_or_number_is_another_order(signer: KeySigner, tmp_path: Path) -> None:
    file = questions_file(tmp_path / "a", QUESTIONS)
    claims = (Claim(task="sums", value="75"),)
    first = planned(signer, file, claims, "openai:m@http://h.example/v1")
    other = load_signer(create_key(tmp_path / "other" / "key.pem").path)
    others = [
        planned(other, file, claims, "openai:m@http://h.example/v1"),
        planned(signer, file, claims, "openai:other@http://h.example/v1"),
        planned(signer, questions_file(tmp_path / "b", QUESTIONS[1:]), claims, "openai:m@http://h.example/v1"),
    ]
    seeds = {each.plan.measurements[0].order_seed for each in (first, *others)}
    assert len(seeds) == 4


def test_an_order_is_counted_for_the_benchmark_whatever_the_model_is_called(signer: KeySigner, tmp_path: Path) -> None:
    """Names and addresses of one model are free: each of them must not be another draw."""
    subjects = [f"openai:m{number}@http://h.example:80/v1" for number in range(40)]
    seen = set()
    for subject in subjects:
        ledger = LedgerFile(ledger_path(signer.path), signer)
        placed = ProvedOrders(signer, ledger).place({"q": Question(benchmark="task:gsm8k", subject=subject)}, "audit")
        seen.add((placed.questions["q"].order_number, placed.outputs["q"]))
        ledger.close()
    assert len(seen) == 1, "nothing has begun, so all of them are the first"


def test_an_order_without_a_key_is_another_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "secrets", secrets)  # not the one order of the tests
    questions = {"q": Question(benchmark="b", subject="s")}
    first, second = (RandomOrders().place(questions, "audit") for _ in range(2))
    assert first.outputs != second.outputs
    assert first.ledger is None


def test_a_plan_that_was_not_made_after_all_is_abandoned(signer: KeySigner, tmp_path: Path) -> None:
    ledger = LedgerFile(ledger_path(signer.path), signer)
    orders = ProvedOrders(signer, ledger)
    file = questions_file(tmp_path / "a", QUESTIONS)
    models = {"subject": PlannedModel(identity=ModelIdentity(uri="openai:m@http://h.example/v1", name="m"))}
    sheet = ClaimSheet(model="m", claims=(Claim(task="sums", value="75"),))
    plan = build_plan(sheet, models, Options(task_files=(file,)), orders).plan
    assert plan.ledger is not None
    assert plan.ledger.line == 1
    orders.begin("a" * 64)
    orders.abandon("a" * 64)
    orders.close()
    with LedgerFile(ledger_path(signer.path), signer) as again:
        assert [line.word for line in again.lines] == ["with the key", "audit", "abandoned"]
