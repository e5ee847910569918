"""The page of claims as a runner uses it: a table is pasted, screened, foreseen, and tested by a real worker."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from packages.server.tests.fixtures import HOSTILE
from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Client, Reply, Site, new_platform, pushed
from testkit.fixtures import SumsServer

CLAIMS = "/p/default/claims"
SHEET = "model: adder\r\nvendor: us\r\nclaims:\r\n- task: sums\r\n  value: 50\r\n"
TABLE = "| Benchmark | Ours |\n|---|---|\n| GSM8K | 69.83 |\n| MMLU | 61.25 |\n"


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


@pytest.fixture(scope="module")
def runner(own: Site) -> Client:
    return own.person("claims-runner", "runner")


def hidden(reply: Reply) -> dict[str, str]:
    """What the form of the second page would send."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', reply.text)
    return {name: unescape(value) for name, value in found}


def test_a_pasted_sheet_becomes_a_verdict(own: Site, runner: Client) -> None:
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, price="2")
        form = {
            "sheet": SHEET,
            "choice": choice,
            "limit": "40",
            "tolerance": "4.5",
            "task": "sums",
            "questions": questions(40),
        }
        foreseen = runner.submit(CLAIMS, CLAIMS, **form)
        assert foreseen.status == 200, foreseen.text
        assert "What its test takes at most" in foreseen.text
        assert re.search(r"<strong>\d+ calls, about [^,]+, [\d.e-]+ at the list’s prices", foreseen.text)
        assert "Nothing on the sheet is impossible" in foreseen.text
        assert not [prompt for prompt in server.asked if prompt.startswith("What is")], "no sample was sent"
        fields = hidden(foreseen)
        assert {name: fields[name] for name in form} == form
        edited = runner.post(CLAIMS, fields | {"act": "edit"})
        assert unescape(edited.text).count('"question": "What is 39 +') == 1
        added = runner.post(f"{CLAIMS}/test", fields)
        assert added.status == 303, added.text
        job = added.headers["location"]
        with working(own):
            wait_for(lambda: job_at(runner, job, "It is (finished|failed)"))
    run = re.search(r'href="(/p/default/runs/[0-9a-f]{64})">Its run and verdict', runner.get(job).text)
    assert run is not None, runner.get(job).text
    assert "adder" in runner.get(run[1]).text
    assert f'href="{run[1]}"' in own.person("claims-viewer", "viewer").get(CLAIMS).text


def test_a_table_may_name_a_task_of_ones_own_alone(own: Site, runner: Client) -> None:
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, name="without prices")
        form = {"choice": choice, "limit": "40", "task": "our-sums", "questions": questions(40)}
        for table in ("| Task | Adder |\n|---|---|\n| Our sums | 50.0 |\n", "Task,Adder\nour-sums,50.0\n"):
            found = runner.submit(CLAIMS, CLAIMS, sheet=table, **form)
            assert (found.status, "What its test takes at most" in found.text) == (200, True), found.text
            takes = unescape(found.text).partition("What its test takes at most")[2].partition("<form")[0]
            assert "our-sums" in takes
            assert "so nobody knows the money" in takes
            assert "--price" not in takes, "the page has no such option"


def test_questions_may_be_a_table_as_excel_copies_it(own: Site, runner: Client) -> None:
    pairs = [(json.loads(line)["question"], json.loads(line)["answer"]) for line in questions(40).splitlines()]
    tables = [
        "\ufeffFrage;Antwort;Kunde\r\n" + "".join(f"{asked};{right};Müller\r\n" for asked, right in pairs),
        "Frage\tAntwort\n" + "".join(f"{asked}\t{right}\n" for asked, right in pairs),
    ]
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, name="for tables")
        for table in tables:
            form = {"sheet": SHEET, "choice": choice, "limit": "40", "task": "sums", "questions": table}
            foreseen = runner.submit(CLAIMS, CLAIMS, **form)
            assert (foreseen.status, "What its test takes at most" in foreseen.text) == (200, True), foreseen.text
            fields = hidden(foreseen)
            assert fields["questions"].replace("\r\n", "\n") == table.replace("\r\n", "\n")
            added = runner.post(f"{CLAIMS}/test", fields)
            assert added.status == 303, added.text
        with working(own):
            wait_for(lambda: job_at(runner, added.headers["location"], "It is (finished|failed)"))
        assert server.sums
    assert "It is finished" in runner.get(added.headers["location"]).text


def test_what_is_not_asked_beside_a_claim_is_not_said_of_the_claim(own: Site, runner: Client) -> None:
    sheet = "model: adder\nclaims:\n- {task: chain_sum, value: 50}\n- {task: no-such-task, value: 50}\n"
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, name="for chains")
        found = unescape(runner.submit(CLAIMS, CLAIMS, sheet=sheet, choice=choice, limit="40").text)
    left = found.partition("What is not asked")[2].partition("</ul>")[0]
    assert "a further test of chain_sum: not testable, " in left
    assert "<li>no-such-task: not tested, " in left


def test_a_limit_below_what_a_decision_needs_is_said(own: Site, runner: Client) -> None:
    sheet = "model: adder\nclaims:\n- {task: chain_sum, value: 50}\n"
    with SumsServer() as server:
        choice = with_endpoint(own, server.url, name="for a limit")
        found = unescape(runner.submit(CLAIMS, CLAIMS, sheet=sheet, choice=choice, limit="20").text)
    assert "Answers until it is decided, if it holds" in found
    assert re.search(r"not decidable within your limit, if it holds: it needs about [0-9,]+<", found)


def test_who_goes_on_with_another_sheet_ends_the_dry_run_that_hangs(own: Site, runner: Client) -> None:
    said: list[Reply] = []
    with socket.create_server(("127.0.0.1", 0)) as silent, SumsServer() as server:
        hangs = with_endpoint(own, f"http://127.0.0.1:{silent.getsockname()[1]}", name="silent")
        answers = with_endpoint(own, server.url, name="talks")
        form = {"sheet": SHEET, "task": "sums", "questions": questions(40)}
        first = threading.Thread(
            target=lambda: said.append(runner.submit(CLAIMS, CLAIMS, choice=hangs, **form)), daemon=True
        )
        first.start()
        connection, _ = silent.accept()  # its dry run is waiting for a reply
        with connection:
            found = runner.submit(CLAIMS, CLAIMS, choice=answers, **form)
            first.join(60)
    assert (found.status, "What its test takes at most" in found.text) == (200, True), found.text
    assert [each.status for each in said] == [400]
    assert "you started another dry run, which ended this one" in said[0].text
    assert "may take a minute" in said[0].text


def test_a_viewer_sees_past_audits_and_no_form(site: Site) -> None:
    seal, viewer = pushed(site), site.person("claims-looker", "viewer")
    text = viewer.get(CLAIMS).text
    assert f"/p/default/runs/{seal}" in text
    assert "<textarea" not in text
    assert 'name="choice"' not in text


def test_a_table_is_screened_without_a_model(runner: Client) -> None:
    found = runner.submit(CLAIMS, CLAIMS, sheet=TABLE, choice="")
    assert found.status == 200
    assert "As it was read" in found.text
    assert "69.83" in found.text
    assert "| GSM8K | 69.83 |" in found.text, "what was pasted stays in the form"
    impossible = "model: a\nclaims:\n- task: aime24\n  value: 41.0\n  samples: 30\n  repeats: 1\n"
    found = runner.submit(CLAIMS, CLAIMS, sheet=impossible, choice="")
    assert "Impossible by arithmetic alone" in found.text
    assert "in a finding" in found.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sheet": ""}, "paste a table"),
        ({"sheet": SHEET + "- tusk: 1\r\n"}, "unknown key 'tusk'"),
        ({"sheet": "some prose"}, "a table has a line of names and a line for each benchmark"),
        ({"sheet": "Benchmark,A,B\nGSM8K,8,7\n"}, "name one under 'Model in the table': A, B"),
        ({"sheet": "Benchmark,A,B\nGSM8K,8,7\n", "name": "C"}, "the model 'C' is in none of its tables"),
        ({"sheet": "model: a\nclaims:\n" + "- {task: x, value: 50}\n" * 301}, "301 claims"),
        ({"sheet": SHEET, "choice": "99999999/sums"}, "choose a model of the list"),
        ({"sheet": SHEET, "choice": "x/y"}, "choose a model of the list"),
        ({"sheet": SHEET, "choice": "0/python:os.system"}, "names an endpoint"),
        ({"sheet": SHEET, "choice": "0/embedded:smollm2", "limit": "1e9"}, "whole number"),
        ({"sheet": SHEET, "choice": "0/embedded:smollm2", "limit": "0"}, "limit"),
        ({"sheet": SHEET, "choice": "0/embedded:smollm2", "tolerance": "two"}, "tolerance"),
        ({"sheet": SHEET, "choice": "0/embedded:smollm2", "task": "../x", "questions": "{}"}, "small letters"),
        (
            {"sheet": SHEET, "choice": "0/embedded:smollm2", "task": "x", "questions": "Frage;Antwort\nWie?;"},
            "line 2 has",
        ),
    ],
)
def test_what_is_wrong_is_a_line_beside_the_form_and_what_was_typed_stays(
    runner: Client, fields: dict[str, str], words: str
) -> None:
    for path in (CLAIMS, f"{CLAIMS}/test"):
        if path != CLAIMS and "choice" not in fields:
            continue
        reply = runner.submit(CLAIMS, path, **fields)
        alert = re.search(r'role="alert">([^<]*)<', reply.text)
        assert reply.status == 400
        assert alert is not None
        assert words in unescape(alert[1])
        assert unescape(reply.text).replace("\r", "").count(fields["sheet"].replace("\r", "")[:60]) >= 1


def test_markup_in_what_is_pasted_is_shown_as_text(runner: Client) -> None:
    sheet = (
        f"model: '{HOSTILE.replace(chr(39), chr(39) * 2)}'\nclaims:\n- task: '<script>alert(3)</script>'\n  value: 5\n"
    )
    for fields in ({"sheet": sheet}, {"sheet": f"{sheet}x: </textarea><script>alert(4)</script>\n"}):
        reply = runner.submit(CLAIMS, CLAIMS, choice="", name=HOSTILE, task='"><script>', **fields)
        assert "<script" not in reply.text
        assert reply.text.count("</textarea>") == 2
    assert "\u202e" not in runner.submit(CLAIMS, CLAIMS, choice="", sheet=TABLE, name="\u202eevil").text


def test_a_form_is_bounded_and_needs_its_key(runner: Client) -> None:
    assert runner.post(CLAIMS, {"sheet": SHEET}).status == 403
    assert runner.submit(CLAIMS, CLAIMS, sheet="x" * 250_000).status == 400
    assert runner.submit(CLAIMS, CLAIMS, sheet="x" * (2 << 20)).status == 413


def test_what_is_no_table_of_results_is_refused_before_it_is_parsed(own: Site, runner: Client) -> None:
    """19,000 rows took the web process ten seconds, until the claims could be counted."""
    for sheet in ("benchmark,m\n" + "MMLU,70.1\n" * 19_000, "|" * 20_001, "<table>" + "<tr><td>a" * 2_501, "{" * 2_501):
        reply = runner.submit(CLAIMS, CLAIMS, sheet=sheet)
        assert (reply.status, "lines and 20,000 cells at most" in reply.text) == (400, True)
    other = own.person("claims-in-a-hurry", "runner")
    replies = [other.submit(CLAIMS, CLAIMS, sheet="a" * 199_000) for _ in range(6)]
    assert ["try again in" in each.text for each in replies] == [False] * 5 + [True]
