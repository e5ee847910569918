"""Suites that are scored by JSON, by citation and by similarity: asked, sealed, verified, shown and gated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.evidence.verify import verify_integrity
from testkit.fixtures import SumsServer

INVOICES = {
    "a": ('{"total": 12.5, "when": "2026-03-04"}', '```json\n{"when": "4 March 2026", "total": "12.50"}\n```'),
    "b": ('{"total": 7, "when": "2026-03-05"}', '{"total": 7, "when": "2026-03-06"}'),
    "c": ('{"total": 8, "when": "2026-03-05"}', '{"total": 8, "when": "05/03/2026"}'),
    "d": ('{"total": 9, "when": "2026-03-07"}', "I cannot read that."),
}
DOCUMENT = "Parcels arrive within 24 hours. Refunds take 14 days."
CITED = {
    "a": ("24 hours", 'Answer: 24 hours\nQuote: "Parcels arrive within 24 hours."'),
    "b": ("14 days", 'Answer: 14 days\nQuote: "Refunds always take 14 days."'),
}
SCHEMA = {"type": "object", "required": ["total", "when"]}


class ScriptedServer(SumsServer):
    """Answers each question, which is named by its letter, with the text that stands for it."""

    texts: dict[str, str]

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        name = prompt.partition("Item ")[2][:1]
        choice = {"message": {"role": "assistant", "content": self.texts.get(name, "Hello.")}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": "scripted", "choices": [{"index": 0} | choice]})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    with ScriptedServer() as running:
        yield running


def suite(server: ScriptedServer, scorer: str, items: dict[str, tuple[str, str]], context: str = "") -> None:
    server.texts = {name: said for name, (_, said) in items.items()}
    Path("s/graders").mkdir(parents=True)
    Path("s/suite.yaml").write_text(f"suite: s\nendpoints: ['{server.url}']\nscorer: {scorer}\n")
    Path("s/graders/invoice.json").write_text(json.dumps(SCHEMA))
    rows = [
        {"id": name, "question": f"Item {name}?", "answer": answer, "context": context}
        for name, (answer, _) in items.items()
    ]
    Path("s/samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def ask(server: ScriptedServer, *command: str) -> int:
    return execute([*command, "--model", f"openai:scripted@{server.url}", "--out", "r"])


def values() -> dict[str, tuple[str, float | None]]:
    found = [json.loads(line) for line in Path("r/scores.jsonl").read_text().splitlines()]
    return {each["sample"].rpartition("/")[2]: (each["status"], each.get("value")) for each in found}


def test_json_is_scored_sealed_verified_and_shown(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    suite(server, "{name: json_schema, schema: graders/invoice.json, fields: {total: number, when: date}}", INVOICES)
    assert ask(server, "run", "s") == 0
    assert "1 open: 1 could be read as right or as wrong" in capsys.readouterr().out
    assert values() == {"1": ("scored", 1.0), "2": ("scored", 0.0), "3": ("open", None), "4": ("unparsed", 0.0)}
    assert execute(["verify", "r"]) == 0
    capsys.readouterr()
    assert execute(["show", "r", "--limit", "0"]) == 0
    shown = capsys.readouterr().out
    for words in ("wrong: when", "open: when", "no JSON", 'expected    {"total": 7, "when": "2026-03-05"}'):
        assert words in shown
    assert execute(["report", "r"]) == 0
    assert "json_schema" in Path("r/report.md").read_text()
    changed = Path("r/scores.jsonl").read_text().replace('"status":"open"', '"status":"missing"')
    Path("r/scores.jsonl").write_text(changed)
    assert execute(["verify", "r"]) == 1


def test_a_citation_is_read_from_the_sealed_document(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite(server, "{name: citation, answer: answer@5}", CITED, DOCUMENT)
    assert ask(server, "run", "s") == 2
    assert "Name it without a version" in capsys.readouterr().err
    Path("s/suite.yaml").write_text(Path("s/suite.yaml").read_text().replace(", answer: answer@5", ""))
    assert ask(server, "run", "s") == 0
    assert values() == {"1": ("scored", 1.0), "2": ("scored", 0.0)}
    assert execute(["verify", "r"]) == 0
    capsys.readouterr()
    assert execute(["show", "r"]) == 0
    assert "its quotation is not in the document" in capsys.readouterr().out
    texts = next(Path("r/texts").glob("*.jsonl"))
    assert "Refunds always" in texts.read_text()
    texts.write_text(texts.read_text().replace("Refunds take 14 days.", "Refunds always take 14 days."))
    assert execute(["verify", "r"]) == 1


def test_similarity_is_a_share_that_no_gate_takes(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    items = {"a": ("the cat sat", "the cat sat down"), "b": ("a dog", "the bird")}
    suite(server, "{name: similarity, measure: token_f1}", items)
    capsys.readouterr()
    assert ask(server, "run", "s") == 0
    said = "mean score 42.9 %, 95 % interval 0.0–100.0 % (by bets)"
    assert f"{said}; fully right 0.0 %" in capsys.readouterr().out
    assert json.loads(Path("r/report.json").read_text())["measurements"][0]["mean"]["ci"] == [0.0, 100.0]
    assert "mean score 42.9 %" in Path("r/report.html").read_text()
    assert "mean score 42.9 %" in Path("r/report.md").read_text()
    assert values() == {"1": ("scored", 6 / 7), "2": ("scored", 0.0)}
    assert execute(["verify", "r"]) == 0
    verify_integrity(Path("r"))
    capsys.readouterr()
    assert execute(["gate", "r", "--baseline", "r", "--margin", "2"]) == 2
    assert "its scores are shares between 0 and 1" in capsys.readouterr().err
    command = ["gate", "s", "--model", f"openai:scripted@{server.url}", "--at-least", "0.5", "--out", "g"]
    assert execute(command) == 2
    said = capsys.readouterr().err
    assert "a gate counts answers that are right" in said
    assert not Path("g").exists()
    Path("s/suite.yaml").write_text(Path("s/suite.yaml").read_text().replace("f1}", "f1, threshold: 0.5}"))
    assert execute(command) == 3
