"""The page docs/tutorial/documents-to-decision.md, walked: every command of it runs, on real files and real models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.scorers.reading.grounding import holds_answer
from steelyard.stats.intervals import clopper_pearson
from steelyard.suites.review_file import FORMAT
from testkit.docs import console
from testkit.docs.company_files import GapWriter, make_documents
from testkit.docs.pages import Block, blocks
from testkit.repository import ROOT
from testkit.scripted_writer import GOOD

PAGE = ROOT / "docs" / "tutorial" / "documents-to-decision.md"
WRITER = "http://localhost:8000/v1"  # the endpoint that the page names


@pytest.fixture
def writer() -> Iterator[GapWriter]:
    with GapWriter() as server:
        yield server


def share(count: int, of: int) -> str:
    low, high = clopper_pearson(count, of)
    return f"{count} of {of} (95 % interval {100 * low:.1f}–{100 * high:.1f} %)"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def answer_as_json(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", *words, "--json"],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def save_review(folder: Path) -> None:
    """What the page of the review saves: all items kept, but those without an answer, which are dropped."""
    items = lines(folder / "work" / "samples.jsonl")
    changes = [
        {"item": item["id"], "decision": "keep"}
        if item.get("answer")
        else {"item": item["id"], "decision": "drop", "reason": "Nobody would ask this."}
        for item in items
    ]
    digest = answer_as_json(folder, "suite", "show", "work")["digest"]
    saved = {"format": FORMAT, "suite": digest, "reviewer": "Ada", "changes": changes}
    (folder / "review-work.json").write_text(json.dumps(saved))


def as_tested(line: str, block: Block, url: str) -> str:
    """The page's command with the test's writer, and fewer samples than its figures have; exit 3 depends on these."""
    line = line.replace(WRITER, url).replace("--limit 24", "--limit 4")
    return f"{line} || test $? -eq 3" if block.markers.get("exit") == "3" else line


def check_items(folder: Path, writer: GapWriter) -> None:
    """Of the good questions at least .9 are kept, of the others none, and every answer is in the span it cites."""
    items = lines(folder / "work" / "samples.jsonl")
    kept = Counter(writer.kinds.get(item["question"], "chat") for item in items)
    assert kept.keys() == {GOOD, "chat"}
    assert kept[GOOD] >= 0.9 * writer.written[GOOD] > 0
    assert kept["chat"] == 10
    others = writer.written.total() - writer.written[GOOD]
    print(
        f"good ones kept: {share(kept[GOOD], writer.written[GOOD])}; others: {share(0, others)}"
    )  # pytest -rP shows it
    assert all(holds_answer(item["source"]["text"], item["answer"]) for item in items if item["group"][:5] != "chats")
    assert {item["group"].rpartition(".")[2] for item in items} >= {"pdf", "docx", "md"}
    assert all(each["check"] and each["reason"] for each in lines(folder / "work" / "dropped.jsonl"))


def check_decision(folder: Path) -> None:
    """The comparison names all three models on the same samples, and the run verifies."""
    compared = answer_as_json(folder, "compare", "runs/work")
    assert [each["letter"] for each in compared["runs"]] == ["A", "B", "C"]
    assert len({each["uri"] for each in compared["runs"]}) == 3
    assert [(each["first"], each["second"]) for each in compared["pairs"]] == [("A", "B"), ("A", "C")]
    assert all(each["contrasts"][0]["n"] > 0 for each in compared["pairs"])
    assert (folder / "decision.html").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.model
def test_the_walk_from_documents_to_a_decision(shared: Path, writer: GapWriter, tmp_path: Path) -> None:
    make_documents(tmp_path, shared / "data")
    for block in (each for each in blocks(PAGE) if each.language == "console"):
        for command in console.commands(block.source):
            if "--apply" in command.line:
                check_items(tmp_path, writer)
                save_review(tmp_path)
            here = console.Command(as_tested(command.line, block, writer.url), command.output)
            console.run(here, tmp_path, numbers_vary=True)
    check_decision(tmp_path)
    assert not any("canary" in body for body in writer.bodies)
