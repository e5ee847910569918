"""A scripted model on loopback writes twins: what two further calls confirm stays, and nothing else."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from steelyard.errors import ModelUnavailable
from steelyard.models import open_model
from steelyard.records import ModelOutput, Outcome, SuiteItem, Turn
from steelyard.suites.writers.asking import asker
from steelyard.suites.writers.twins import CALLS, TwinWriter, WrittenTwins
from tests.suites.writers.scripted_twins import CANARY, FAULTS, GOOD, KINDS, ScriptedTwins, sum_item


@pytest.fixture
def server() -> Iterator[ScriptedTwins]:
    with ScriptedTwins() as server:
        yield server


def written(server: ScriptedTwins, items: Sequence[SuiteItem], **options: Any) -> WrittenTwins:
    async def session() -> WrittenTwins:
        model = open_model(f"openai:{server.name}@{server.url}")
        try:
            _, capabilities = await model.identify()
            ask = asker(model, capabilities, concurrency=8, base_seconds=0.01)
            return await TwinWriter(ask, canary=CANARY, **options).write(items, items)
        finally:
            await model.close()

    return asyncio.run(session())


def test_only_good_twins_stay_and_each_other_one_has_its_reason(server: ScriptedTwins) -> None:
    items = [sum_item(number) for number in range(6 * len(KINDS))]
    calls: list[tuple[int, int]] = []
    found = written(server, items, progress=lambda done, total: calls.append((done, total)))
    kept = Counter(server.kinds[of] for of in found.by_item)
    # Of the twins that are all the same, the first is as good as any.
    assert kept == {GOOD: 60, "doubled": 1}
    dropped = Counter(each.check for each in found.dropped)
    assert dropped == {
        "unconfirmed": 12, "duplicate": 6 + 6 + 5, "same answer": 6, "canary": 6, "redacted": 6, "other form": 6,
        "unreadable": 6,
    }  # fmt: skip
    assert all(server.written[kind] == 6 for kind in FAULTS)
    assert calls[-1] == (len(items), len(items))
    assert len(server.bodies) <= CALLS * len(items)
    for of, twin in found.by_item.items():
        holds, gets = map(int, re.findall(r"(\d+) (?:bolts|more)", twin.question))
        assert int(twin.answer) == holds + gets
        assert twin.id != of


def test_what_cannot_be_checked_or_is_personal_is_not_sent(server: ScriptedTwins) -> None:
    plain = sum_item(0)
    unsent = {
        "no answer": SuiteItem(id="a", question=plain.question),
        "conversation": SuiteItem(id="b", question=plain.question, answer="5", history=(Turn(role="user", text="Hi"),)),
        "redacted": SuiteItem(id="c", question=plain.question + " Ask anna@example.com.", answer="5"),
    }
    found = written(server, list(unsent.values()))
    assert [each.check for each in found.dropped] == list(unsent)
    assert server.bodies == []
    # A model on this machine may read everything.
    assert "redacted" not in {each.check for each in written(server, [unsent["redacted"]], redacts=False).dropped}


def said(**outputs: str) -> TwinWriter:
    """A writer whose model gives one reply to each kind of prompt, told by its first word."""

    async def ask(prompt: str) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text=outputs[prompt.split(maxsplit=1)[0]])

    return TwinWriter(ask, labels=tuple(filter(None, outputs.get("labels", "").split("|"))))


CHOOSING = SuiteItem(id="a", question="Which metal is heavier than the others?", answer="lead", choices=("lead", "tin"))


@pytest.mark.parametrize(
    ("twin", "check"),
    [
        ('{"question": "Which is the sweetest fruit?", "answer": "fig", "choices": ["fig", "lime"]}', ""),
        ('{"question": "Which is the sweetest fruit?", "answer": "pear", "choices": ["fig", "lime"]}', "other form"),
        ('{"question": "Which is the sweetest fruit?", "answer": "fig", "choices": ["fig", "fig"]}', "other form"),
        ('{"question": "Which is the sweetest fruit?", "answer": "fig"}', "other form"),
        ('{"question": "Which is the sweetest fruit?", "answer": "fig", "choices": ["fig", "a"], "context": "c"}',
         "other form"),
        ('{"question": "Which fruit?", "answer": "lime", "choices": ["fig", "lime"]}', "no question"),
        ('[{"question": "Which fruit is it?"}, {}]', "unreadable"),
    ],
)  # fmt: skip
def test_choices_keep_their_form(twin: str, check: str) -> None:
    found = asyncio.run(said(Between=twin, Answer="fig", Solve="So.\nAnswer: fig").write([CHOOSING], [CHOOSING]))
    assert [each.check for each in found.dropped] == ([check] if check else [])


def test_an_item_with_a_passage_needs_another_passage() -> None:
    item = SuiteItem(id="a", question="What does the parcel cost?", answer="4 EUR", context="A parcel costs 4 EUR.")
    for context, answer, check in (
        ("A parcel costs 9 EUR.", "9 EUR", ""),
        ("A parcel costs 4 EUR.", "9 EUR", "duplicate"),
        ("", "9 EUR", "other form"),
    ):
        reply = f'{{"question": "What does the parcel cost?", "answer": "{answer}", "context": "{context}"}}'
        found = asyncio.run(said(Between=reply, Answer="9 EUR", Solve="Answer: 9 EUR").write([item], [item]))
        assert [each.check for each in found.dropped] == ([check] if check else [])


def test_an_answer_is_one_of_the_suites_labels() -> None:
    item = SuiteItem(id="a", question="The bill is wrong, is it not?", answer="billing")
    for answer, check in (("Delivery", ""), ("weather", "other form")):
        reply = f'{{"question": "Where did my long parcel go?", "answer": "{answer}"}}'
        writer = said(Between=reply, Answer="delivery", Solve="Answer: delivery", labels="billing|delivery")
        found = asyncio.run(writer.write([item], [item]))
        assert [each.check for each in found.dropped] == ([check] if check else [])


def test_a_model_that_answers_no_call_is_unavailable() -> None:
    async def ask(prompt: str) -> ModelOutput:
        return ModelOutput(outcome=Outcome.TIMEOUT, text="")

    with pytest.raises(ModelUnavailable, match="the model answered no call"):
        asyncio.run(TwinWriter(ask).write([sum_item(1)], []))
