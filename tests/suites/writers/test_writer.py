"""Tests for items with their source."""

from __future__ import annotations

import asyncio

from steelyard.records import ModelOutput, Outcome
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.passages import Passage
from steelyard.suites.writers.cloze import ClozeWriter
from steelyard.suites.writers.model import ModelWriter
from steelyard.suites.writers.writer import Writer, collected_from, item_of

PDF = Document(name="sub/a.pdf", sha256="ab", kind="pdf", pages=("", "Ada won the prize."), notes=("One note.",))


def test_an_item_names_its_place() -> None:
    passage = Passage(PDF, 1, 0, 18)
    item = item_of(passage, "Who won?", "Ada", (0, 7), context="Ada won the prize.")
    assert item.source is not None
    assert (item.source.page, item.source.start, item.source.end, item.source.text) == (2, 0, 7, "Ada won")
    assert (item.source.file, item.source.sha256, item.group) == ("sub/a.pdf", "ab", "sub/a.pdf")
    bare = item_of(passage, "")
    assert bare.source is not None
    assert (bare.source.start, bare.source.end, bare.source.text) == (0, 18, "")


def test_our_writers_are_writers() -> None:
    async def ask(prompt: str) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK)

    writers: list[Writer] = [ModelWriter(ask), ClozeWriter()]
    passage = Passage(PDF, 1, 0, 18)
    for writer in writers:
        assert asyncio.run(writer.write([passage])).items == ()
        assert asyncio.run(writer.write([])).dropped == ()


def test_documents_are_named_with_their_items() -> None:
    passage = Passage(PDF, 1, 0, 18)
    item = item_of(passage, "Who won?", "Ada", (0, 7))
    found = collected_from([passage], [item, item], [])
    assert [(each.file, each.sha256, each.items) for each in found.made_from] == [("sub/a.pdf", "ab", 2)]
    assert found.remarks == ("sub/a.pdf: One note.",)
    assert len({each.id for each in found.items}) == 2
    assert not found.is_german
