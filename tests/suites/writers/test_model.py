"""A scripted model on loopback writes questions: what is good stays, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import ModelUnavailable, NothingKept
from steelyard.models import open_model
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.scorers.reading.grounding import holds_answer
from steelyard.suites.collected import Collected, without_duplicates
from steelyard.suites.made import make_suite
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.documents import read_documents
from steelyard.suites.sources.passages import Passage, spread
from steelyard.suites.writers.asking import asker
from steelyard.suites.writers.model import ModelWriter, most_calls
from steelyard.tasks.suite_file import SuiteFile
from steelyard.tasks.suite_task import task_from_suite
from testkit.made_files import pdf_bytes, write
from testkit.scripted_writer import FAULTS, GOOD, ScriptedWriter

SUBJECTS = ("pump", "valve", "boiler", "turbine", "gearbox", "compressor", "conveyor", "furnace")
PLACES = ("Bremen", "Leipzig", "Augsburg", "Dortmund", "Rostock", "Potsdam", "Kassel")


@pytest.fixture
def server() -> Iterator[ScriptedWriter]:
    with ScriptedWriter() as server:
        yield server


def written(server: ScriptedWriter, passages: Sequence[Passage], **options: Any) -> Collected:
    async def session() -> Collected:
        model = open_model(f"openai:{server.name}@{server.url}")
        try:
            _, capabilities = await model.identify()
            ask = asker(model, capabilities, concurrency=8, base_seconds=0.01)
            return await ModelWriter(ask, **options).write(passages)
        finally:
            await model.close()

    return asyncio.run(session())


def lines(number: int, count: int = 12) -> list[str]:
    """Lines of a page: a fact each, with quotes of both kinds."""
    return [
        f'The "{SUBJECTS[each % 8]}" of unit {number}-{each} was inspected by the technician’s deputy from '
        f"{PLACES[(number + each) % 7]} on shift {number * each}."
        for each in range(count)
    ]


def check(written: Collected, server: ScriptedWriter, documents: Sequence[Document]) -> None:
    """Of the good ones at least .9 stay, of the others none; every answer is in its span, every span at its place.

    Near duplicates are merged as ``steelyard suite new`` does it.
    """
    found = without_duplicates(written)
    kept = Counter(server.kinds[item.question] for item in found.items)
    assert set(kept) == {GOOD}
    assert 0.9 * server.written[GOOD] <= kept[GOOD] <= server.written[GOOD]
    dropped = Counter(each.check for each in found.dropped)
    for kind, name in FAULTS.items():
        assert server.written[kind] > 0, "the script wrote none of this kind"
        assert dropped[name] >= 0.9 * server.written[kind]
    pages = {document.name: document for document in documents}
    for item in found.items:
        source = item.source
        assert source is not None
        document = pages[source.file]
        text = document.pages[source.page - 1 if source.page else 0]
        assert text[source.start : source.end] == source.text
        assert holds_answer(source.text, item.answer)
        assert source.text in item.context
        assert source.sha256 == document.sha256


@pytest.mark.slow  # the fast run reads five PDFs in tests/suites/sources/test_documents.py, and writes of text here
def test_five_pdfs(server: ScriptedWriter, tmp_path: Path) -> None:
    for number in range(5):
        pages = [lines(100 * number + page) for page in range(3)]
        write(tmp_path / f"{number}.pdf", pdf_bytes(pages))
    documents = read_documents([tmp_path]).documents
    calls: list[tuple[int, int]] = []
    passages = spread(documents)
    found = written(server, passages, per_passage=20, progress=lambda done, total: calls.append((done, total)))
    check(found, server, documents)
    assert calls == [(number, len(passages)) for number in range(1, len(passages) + 1)]
    assert len(server.bodies) <= most_calls(len(passages), 25)


def test_big_bench_hard_as_our_documents(server: ScriptedWriter, shared: Path, tmp_path: Path) -> None:
    for name in ("penguins_in_a_table", "causal_judgement", "ruin_names", "snarks", "date_understanding"):
        rows = (shared / "data" / "lukaemon" / "bbh" / name / "test.jsonl").read_text("utf-8").splitlines()
        write(tmp_path / f"{name}.md", "\n\n".join(json.loads(row)["input"] for row in rows[:40]))
    documents = read_documents([tmp_path]).documents
    found = written(server, spread(documents, limit=40), per_passage=20)
    check(found, server, documents)
    assert len(found.items) > 50


def test_german_documents_are_asked_in_german(server: ScriptedWriter) -> None:
    lines = [
        f"Die Pumpe mit der Nummer {each} wurde in {PLACES[each % 7]} von der Vertretung geprüft." for each in range(20)
    ]
    found = written(server, passage_of(*lines), per_passage=20)
    assert found.is_german
    assert {server.kinds[item.question] for item in found.items} == {GOOD}
    assert any(body.startswith("Zwischen den gestrichelten Linien") for body in server.bodies)
    assert any("\n\nTeil: Die Pumpe" in body or "\nTeil: Die Pumpe" in body for body in server.bodies)


def passage_of(*texts: str) -> list[Passage]:
    document = Document(name="a.txt", sha256="0", kind="text", pages=(" ".join(texts),))
    return [Passage(document, 0, 0, len(document.pages[0]))]


Said = str | ModelOutput


def scripted(reply: Said, with_span: Said = "Ada", alone: Said = "unknown") -> Callable[[str], Any]:
    """An ask without a server, for what a server cannot show."""

    async def ask(prompt: str) -> ModelOutput:
        said = reply if "-----" in prompt else with_span if "Part:" in prompt else alone
        return said if isinstance(said, ModelOutput) else ModelOutput(outcome=Outcome.OK, text=said)

    return ask


TEXT = "The prize was won by Ada of Bonn, whose mail is ada@example.org and nobody else's."
ITEM = {"question": "Who won the prize?", "answer": "Ada", "span": "The prize was won by Ada of Bonn"}
DOWN = ModelOutput(outcome=Outcome.SERVER_ERROR, detail="down")


def checks(found: Collected) -> list[str]:
    return [each.check for each in found.dropped]


def run(ask: Callable[[str], Any], **options: Any) -> Collected:
    return asyncio.run(ModelWriter(ask, **options).write(passage_of(TEXT)))


def test_what_is_redacted_is_neither_sent_nor_kept() -> None:
    prompts: list[str] = []
    placed = ITEM | {"answer": "[EMAIL_1]", "span": "whose mail is [EMAIL_1]"}
    guessed = ITEM | {"answer": "ada@example.org", "span": "whose mail is ada@example.org"}
    inner = scripted(json.dumps([placed, guessed, ITEM]))

    async def ask(prompt: str) -> ModelOutput:
        prompts.append(prompt)
        output: ModelOutput = await inner(prompt)
        return output

    found = run(ask, redact=lambda passage: passage.text.replace("ada@example.org", "[EMAIL_1]"))
    assert checks(found) == ["redacted", "span not in the document"]
    assert [item.answer for item in found.items] == ["Ada"]
    assert "ada@example.org" not in "".join(prompts) + found.items[0].context
    assert "[EMAIL_1]" in found.items[0].context


def test_the_context_can_be_left_out() -> None:
    assert run(scripted(json.dumps(ITEM)), with_context=False).items[0].context == ""


def test_items_are_those_of_a_suite(tmp_path: Path) -> None:
    make_suite(tmp_path / "suite", SuiteFile(suite="s"), run(scripted(json.dumps(ITEM))))
    task = task_from_suite(tmp_path / "suite")
    (sample,) = task.prepare(task.default_prompt, None)
    assert isinstance(sample.request, GenerateRequest)
    assert TEXT in sample.request.prompt
    assert (sample.target, sample.group) == ("Ada", "a.txt")


def test_another_model_may_check() -> None:
    found = run(scripted(json.dumps(ITEM), with_span="no"), check=scripted("", with_span="Ada"))
    assert len(found.items) == 1


@pytest.mark.parametrize(
    ("ask", "dropped"),
    [
        (scripted("I cannot."), ["unreadable"]),
        (scripted(ModelOutput(outcome=Outcome.TRUNCATED, text='{"items": [')), ["unreadable"]),
        (scripted('{"items": []}'), ["nothing to ask"]),
        (scripted(json.dumps(ITEM), with_span="Bob"), ["unanswerable"]),
        (scripted(json.dumps(ITEM), alone="It was Ada."), ["known without the document"]),
        (scripted(json.dumps(ITEM), alone="Ada or Bob, I cannot tell."), ["known without the document"]),
        (scripted(json.dumps(ITEM | {"answer": "Bob"})), ["answer not in the span"]),
        (scripted(json.dumps([ITEM, 3]), with_span=DOWN), ["no reply", "unreadable"]),
        (scripted(json.dumps([ITEM, 3]), alone=DOWN), ["no reply", "unreadable"]),
    ],
)
def test_no_item_is_no_suite(ask: Callable[[str], Any], dropped: list[str], tmp_path: Path) -> None:
    found = run(ask)
    assert (found.items, checks(found)) == ((), dropped)
    with pytest.raises(NothingKept, match=f"1 {dropped[0]}"):
        make_suite(tmp_path / "suite", SuiteFile(suite="s"), found)
    assert not (tmp_path / "suite").exists()


def test_a_model_that_answers_nothing() -> None:
    with pytest.raises(ModelUnavailable, match=r"answered no call.*server_error: down"):
        run(scripted(DOWN))


def test_a_fatal_error_ends_all_calls() -> None:
    async def ask(prompt: str) -> ModelOutput:
        raise ModelUnavailable("wrong key")

    with pytest.raises(ModelUnavailable, match="wrong key"):
        run(ask)
    with pytest.raises(ModelUnavailable, match="wrong key"):
        run(scripted(json.dumps([ITEM, ITEM])), check=ask)
