"""Questions whose answers are labels, by the real command: a right answer is right by every rule that reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute
from testkit.fixtures import SumsServer

LABELS = ("Abrechnung", "Technik", "Vertrag", "Kündigung & Rückgabe")
TICKETS = {f"Vorgang {number} liegt auf dem Tisch": LABELS[number % 4] for number in range(24)}
CHOICES = ("--choices", "|".join(LABELS))


class TicketServer(SumsServer):
    """Answers every ticket in the same manner, ``{}`` in which is its label."""

    manner = "{}"

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        self.asked[prompt] += 1
        label = next((label for ticket, label in TICKETS.items() if ticket in prompt), "")
        message = {"role": "assistant", "content": self.manner.format(label)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})


@pytest.fixture
def server() -> Iterator[TicketServer]:
    with TicketServer() as found:
        yield found


@pytest.fixture(autouse=True)
def _tickets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{ticket};{label}\n" for ticket, label in TICKETS.items())
    Path("t.csv").write_text(f"Frage;Antwort\n{rows}", encoding="utf-8")


def measured(name: str = "r") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name, "report.json").read_text())["measurements"][0]
    return found


@pytest.mark.parametrize("scorer", ["exact", "exact:strict", "contains", "answer"])
def test_a_perfect_model_is_right_by_every_rule_that_compares_texts(server: TicketServer, scorer: str) -> None:
    model = ("--model", f"openai:sums@{server.url}")
    assert execute(["run", "t.csv", *CHOICES, "--scorer", scorer, *model, "--out", "r"]) == 0
    assert (measured()["right"], measured()["asked"]) == (24, 24)
    assert execute(["verify", "r"]) == 0
    gate = ["gate", "t.csv", *CHOICES, "--scorer", scorer, "--at-least", "0.6", *model, "--out", "g"]
    assert execute(gate) == 0


def test_a_wrong_label_is_wrong_and_a_sentence_is_read(server: TicketServer) -> None:
    model = ("--model", f"openai:sums@{server.url}")
    server.manner = "Das gehört zu {}, wie mir scheint."
    assert execute(["run", "t.csv", *CHOICES, "--scorer", "contains", *model, "--out", "r"]) == 0
    assert measured()["right"] == 24
    server.manner = "Technik"
    assert execute(["run", "t.csv", *CHOICES, "--scorer", "exact", *model, "--out", "w"]) == 0
    assert measured("w")["right"] == 6


def test_runs_by_two_rules_are_about_the_same_questions(
    server: TicketServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ("--model", f"openai:sums@{server.url}")
    assert execute(["run", "t.csv", *CHOICES, *model, "--out", "a"]) == 0
    assert execute(["run", "t.csv", *CHOICES, *model, "--scorer", "exact", "--out", "b"]) == 0
    capsys.readouterr()
    execute(["compare", "a", "b"])
    assert "other questions" not in capsys.readouterr().err


def test_a_suite_may_name_such_a_rule(server: TicketServer) -> None:
    assert execute(["suite", "new", "s", "--from", "t.csv", "--endpoint", server.url]) == 0
    with Path("s/suite.yaml").open("a", encoding="utf-8") as file:
        file.write(f"choices: {json.dumps(LABELS, ensure_ascii=False)}\nscorer: {{name: contains}}\n")
    assert execute(["run", "s", "--model", f"openai:sums@{server.url}", "--out", "r"]) == 0
    assert (measured()["right"], measured()["asked"]) == (24, 24)


def test_a_rule_on_texts_is_refused_where_letters_are_asked_for(
    server: TicketServer, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "t.csv", *CHOICES, "--prompt", "letter", "--scorer", "contains"]
    assert execute([*asked, "--model", f"openai:sums@{server.url}", "--out", "r"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("steelyard: ")]
    assert "--scorer contains: t asks for the letter of a choice, which only the scorer letter reads" in line
    assert not any("Vorgang" in prompt for prompt in server.asked)


@pytest.mark.parametrize("manner", ["Sonstiges", "Entschuldigung, dabei kann ich nicht helfen."])
def test_who_names_no_label_is_red(server: TicketServer, manner: str) -> None:
    server.manner = manner
    model = ("--model", f"openai:sums@{server.url}")
    assert execute(["gate", "t.csv", *CHOICES, *model, "--at-least", "0.9", "--out", "g"]) == 1
    assert execute(["run", "t.csv", *CHOICES, *model, "--out", "r"]) == 0
    assert (measured()["right"], measured()["open"], measured()["measured"]) == (0, 0, 0.0)
    assert execute(["verify", "g"]) == 0
    assert execute(["verify", "r"]) == 0


def test_who_spells_labels_otherwise_is_right_and_who_shortens_them_is_open(server: TicketServer) -> None:
    model = ("--model", f"openai:sums@{server.url}")
    server.manner = "Die Kategorie ist nicht ganz klar, aber ich wähle: **{}**"
    assert execute(["run", "t.csv", *CHOICES, *model, "--out", "r"]) == 0
    assert measured()["right"] == 24
    server.manner = "{:.6}"
    assert execute(["run", "t.csv", *CHOICES, *model, "--out", "s"]) == 3
    assert (measured("s")["right"], measured("s")["open"]) == (0, 24)
