"""``steelyard suite new`` by the real command: from every kind of source to a suite that is asked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from steelyard.cli import execute
from steelyard.tasks.suite_task import task_from_suite
from testkit.fixtures import SumsServer
from testkit.made_files import docx_bytes, pdf_bytes, write
from testkit.scripted_writer import GOOD, ScriptedWriter

TABLE = "question;answer;customer\nWhat is 2 + 3?;5;A\nWhat is 7 + 8?;15;A\nwhat is 2 + 3 ?;5;B\nWhat is 9 + 1?;;B\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    return " ".join((told.out + told.err).split())


def test_a_table_becomes_a_suite_that_is_asked(sums_server: SumsServer, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("sums.csv"), TABLE)
    asked = ["suite", "new", "sums", "--from", "sums.csv", "--group", "customer", "--endpoint", sums_server.url]
    assert execute(asked) == 0
    assert "sums: 2 items, 2 thrown out (1 empty, 1 duplicate)" in said(capsys)
    assert {each["check"] for each in lines("sums/dropped.jsonl")} == {"empty", "duplicate"}
    assert [each["question"] for each in lines("sums/samples.jsonl")] == ["What is 2 + 3?", "What is 7 + 8?"]
    assert execute(["run", "sums", "--model", f"openai:sums@{sums_server.url}", "--out", "r"]) == 0
    assert execute(["verify", "r"]) == 0
    assert not any("canary" in prompt for prompt in sums_server.asked)
    assert "canary" in Path("sums/suite.yaml").read_text()
    assert "canary" in lines("sums/samples.jsonl")[0]


def test_personal_data_is_replaced_and_shown_before_an_endpoint_may_see_it(
    sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        Path("t.csv"),
        "question,answer\nThe mail of ada@example.org is lost. Where?,in the depot\n"
        "Whose is the account?,DE89370400440532013000\n",
    )
    asked = ["suite", "new", "t", "--from", "t.csv", "--endpoint", sums_server.url]
    assert execute(asked) == 2
    told = said(capsys)
    assert "nothing was sent: read what is replaced, and add --yes" in told
    assert "[EMAIL_1]" in told
    assert not Path("t").exists()
    assert execute([*asked, "--yes"]) == 0
    assert "1 item, 1 thrown out (1 redacted)" in said(capsys)
    kept = Path("t/samples.jsonl").read_text() + Path("t/dropped.jsonl").read_text()
    assert "ada@example.org" not in kept
    assert "DE8937" not in kept
    assert execute(["suite", "new", "u", "--from", "t.csv", "--no-redaction"]) == 0
    assert "ada@example.org" in Path("u/samples.jsonl").read_text()


def test_documents_need_a_writer_and_cloze_needs_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    facts = [
        f"The pump of hall {n} was built in {1900 + n} by the company Meier and Sons in Bremen." for n in range(20)
    ]
    write(Path("docs/a.pdf"), pdf_bytes([facts[:10]]))
    write(Path("docs/b.docx"), docx_bytes(facts[10:]))
    assert execute(["suite", "new", "s", "--from", "docs"]) == 2
    assert "--writer cloze makes them by rules alone" in said(capsys)
    assert execute(["suite", "new", "s", "--from", "docs", "--writer", "cloze"]) == 0
    items = lines("s/samples.jsonl")
    assert items
    assert all(item["answer"] in item["source"]["text"] for item in items)
    assert {item["group"] for item in items} == {"a.pdf", "b.docx"}
    assert execute(["suite", "show", "s"]) == 0


def test_a_model_writes_and_only_what_is_proved_stays() -> None:
    words = ["valves", "pressure", "turbine", "inspection", "certificate", "lubrication", "conveyor", "ventilation"]
    text = " ".join(
        f"The {word} of unit {n} is checked by the {word}{n} inspectorate." for n in range(6) for word in words
    )
    write(Path("doc.txt"), text)
    with ScriptedWriter() as server:
        asked = ["suite", "new", "s", "--from", "doc.txt", "--writer", f"openai:writer@{server.url}", "--yes"]
        assert execute(asked) == 0
    items = lines("s/samples.jsonl")
    assert all(item["answer"] in item["source"]["text"] for item in items)
    assert {server.kinds[item["question"]] for item in items} == {GOOD}


def test_no_item_is_no_suite(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("doc.txt"), "nothing here\n")
    assert execute(["suite", "new", "s", "--from", "doc.txt", "--writer", "cloze"]) == 1
    assert "no item is left, so there is no suite" in said(capsys)
    assert not Path("s").exists()


def test_a_chat_log_becomes_items_that_a_person_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    def chat(question: str, answer: str, **judged: object) -> dict[str, object]:
        asked = {"role": "user", "content": question}
        return {"messages": [asked, {"role": "assistant", "content": answer, **judged}]}

    log = [
        chat("What is 2 + 3?", "5", accepted=True),
        chat("What is 3 + 3?", "7", accepted=False, corrected="6"),
        chat("And now?", "Who knows"),
    ]
    write(Path("log.jsonl"), "".join(json.dumps(each) + "\n" for each in log))
    assert execute(["suite", "new", "s", "--from", "log.jsonl"]) == 0
    assert "1 of them have no answer that a person accepted" in said(capsys)
    assert [item.get("answer", "") for item in lines("s/samples.jsonl")] == ["5", "6", ""]
    assert execute(["suite", "show", "s"]) == 0
    assert "1 items have none: fill it in, or have a judge score them" in said(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--from", "none.csv"], "none.csv: there is no such file"),
        (["full", "--from", "sums.csv"], "is not an empty folder"),
        (["x", "--from", "sums.csv", "--name", "a/b"], "a name has letters"),
        (["x", "--from", "sums.csv", "--group", "nobody"], "--group: there is no column 'nobody'"),
        (["x"], "Missing option '--from'"),
        (["x", "--from", "sums.csv", "--endpoint", "no-url"], "--endpoint: endpoints are base URLs"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("sums.csv"), TABLE)
    write(Path("full/mine.txt"), "kept")
    assert execute(["suite", "new", *arguments]) == 2
    assert words in said(capsys)
    assert not Path("x").exists()


def test_a_suite_that_was_made_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("sums.csv"), TABLE)
    assert execute(["suite", "new", "s", "--from", "sums.csv", "--about", "Sums", "--keep-duplicates"]) == 0
    assert len(task_from_suite(Path("s")).prepare("question")) == 3
    capsys.readouterr()
    assert execute(["suite", "show", "s", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["suite"], facts["items"], facts["exposure"]) == ("s", 3, {})


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx"])
def test_columns_that_are_not_clear_are_asked_for(name: str, tmp_path: Path) -> None:
    rows = [("what", "then", "note"), ("What is 2 + 3?", "5", "x"), ("What is 7 + 8?", "15", "y")]
    if name.endswith(".csv"):
        write(tmp_path / name, "".join(",".join(row) + "\n" for row in rows))
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / name)
    command = [sys.executable, "-m", "steelyard", "suite", "new", str(tmp_path / "s"), "--from", str(tmp_path / name)]
    refused = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--question COLUMN" in refused.stderr
    master, slave = pty.openpty()
    os.write(master, b"1\n2\n")
    process = subprocess.run(command, stdin=slave, capture_output=True, text=True, check=False)
    os.close(slave)
    os.close(master)
    assert process.returncode == 0
    assert "   1  what" in process.stderr
    assert [each["answer"] for each in lines(str(tmp_path / "s" / "samples.jsonl"))] == ["5", "15"]


def test_paraphrases_with_one_answer_are_merged_and_what_only_looks_alike_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [
        ("Which climber reached the summit before anybody else in history?", "Ada"),
        ("Who was the first person in history that reached the top of the mountain?", "Ada"),
        ("How do I cancel my order in the online shop?", "On the page Orders."),
        ("How do I change my order in the online shop?", "On the page Orders."),
        ("At what temperature should the vaccine be stored?", "5"),
    ]
    write(Path("faq.csv"), "question;answer\n" + "".join(f"{question};{answer}\n" for question, answer in rows))
    assert execute(["suite", "new", "faq", "--from", "faq.csv", "--near-duplicates", "meaning"]) == 0
    told = said(capsys)
    assert "faq: 4 items, 1 thrown out (1 duplicate)" in told
    (dropped,) = lines("faq/dropped.jsonl")
    first, third, fourth, _ = (each["id"] for each in lines("faq/samples.jsonl"))
    assert dropped["reason"].startswith(f"Asks the same as {first} in other words (cosine 0.")
    assert dropped["item"]["question"] == rows[1][0]
    assert "Pairs near in meaning of which both are kept, to be looked at in the review: 1." in told
    assert "they differ in two words at most, or in their order" in told
    assert third in told
    assert fourth in told
    assert execute(["suite", "new", "x", "--from", "faq.csv", "--near-duplicates", "meaning", "--keep-duplicates"]) == 2
    assert "exclude each other" in said(capsys)


def test_meaning_without_the_extra_is_one_line_and_nothing_is_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    write(Path("sums.csv"), TABLE)
    assert execute(["suite", "new", "s", "--from", "sums.csv", "--near-duplicates", "meaning"]) == 2
    assert "pip install 'steelyard[semantic]'" in said(capsys)
    assert not Path("s").exists()
