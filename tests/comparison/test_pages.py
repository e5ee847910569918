"""The pages of a comparison and of a portfolio: what they say, how wide they are, and hostile text that stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from steelyard.comparison import html, machine, markdown, portfolio_pages, terminal, words
from steelyard.comparison.compare import compare_runs
from steelyard.comparison.portfolio import Facts, portfolio_of
from steelyard.comparison.record import Comparison, DifferingSample
from steelyard.comparison.vendors import UNKNOWN, vendor_and_family
from steelyard.reports.passive import check_passive
from tests.comparison_runs import scored_run

HOSTILE = "<script>alert(1)</script> \x1b[31m | [x](javascript:alert(1)) \u202e"


@pytest.fixture
def comparison() -> Comparison:
    groups = {f"s{each}": f"<b>{each % 6}" for each in range(240)}
    one = {HOSTILE: {f"s{each}": float(each % 3 > 0) for each in range(240)}}
    other = {HOSTILE: {f"s{each}": None if each == 5 else float(each % 7 > 0) for each in range(230)}}
    found = compare_runs([scored_run(HOSTILE, one, groups=groups), scored_run("b", other, groups=groups)])
    sample = DifferingSample(
        task=HOSTILE, sample=HOSTILE, first=0, second=1, question=HOSTILE, first_answer="</details>"
    )
    pair = replace(found.pairs[0], differing_samples=(sample, *found.pairs[0].differing_samples))
    return replace(found, pairs=(pair,))


def test_the_page_is_passive_and_escapes(comparison: Comparison) -> None:
    page = html.render(comparison)
    check_passive(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;/details&gt;" in page
    assert html.WITHHELD in page
    assert "They differ on" in page


def test_markdown_escapes(comparison: Comparison) -> None:
    text = markdown.render(comparison)
    assert "<script" not in text
    assert "\x1b" not in text
    assert all(
        line.count("|") - line.count("\\|") in (0, 9)
        for line in text.splitlines()
        if line.startswith("| ") and "better" in line
    )


def test_the_terminal_is_narrow_and_has_no_controls(comparison: Comparison) -> None:
    console = Console(width=100, record=True, file=open("/dev/null", "w"), markup=False, highlight=False)  # noqa: SIM115
    terminal.print_comparison(comparison, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_json_has_a_sentence_for_each_contrast(comparison: Comparison) -> None:
    document = json.loads(json.dumps(machine.render(comparison), allow_nan=False))
    assert document["exit"] == 0
    assert all(each["sentence"] for each in document["pairs"][0]["contrasts"])
    assert set(document) == {"exit", "headline", "alpha", "see", "runs", "pairs", "tests", "weights", "notes"}


def test_the_sentences() -> None:
    one = {"t": {f"s{each}": float(each % 10 > 4) for each in range(400)}}
    other = {"t": {f"s{each}": float(each % 10 > 2) for each in range(400)}}
    found = compare_runs([scored_run("a", one), scored_run("b", other)])
    assert re.fullmatch(r"B is better by 20\.0 points \(16\.\d to 24\.\d\)\.", words.headline(found))
    turned = compare_runs([scored_run("b", other), scored_run("a", one)])
    assert words.headline(turned).startswith("A is better by 20.0 points (16.")
    near = {"t": {f"s{each}": float((each + (each < 8)) % 10 > 4) for each in range(400)}}
    said = words.headline(compare_runs([scored_run("a", one), scored_run("c", near)]))
    assert re.fullmatch(
        r"Not told apart: B − A is between −\d\.\d and \+\d\.\d points; (to see 2 points you need about|a difference "
        r"of 2 points would probably show with these).*samples\.",
        said,
    )
    assert "equal" not in said


def test_a_portfolio_on_every_page() -> None:
    tasks = [{"t": {f"s{each}": float(each % (number + 2) > 0) for each in range(120)}} for number in range(6)]
    named = [
        (f"r{number}", scored_run(f"gpt-{number}" if number else HOSTILE, each)) for number, each in enumerate(tasks)
    ]
    cost = {f"r{number}": 10.0**number for number in range(6)}
    found = portfolio_of(named, Facts(vendor={"r0": HOSTILE}, cost=cost))
    page = portfolio_pages.html(found)
    check_passive(page)
    assert "<script" not in page
    assert 'viewBox="0 0 600 260"' in page
    console = Console(width=100, record=True, file=open("/dev/null", "w"), markup=False, highlight=False)  # noqa: SIM115
    portfolio_pages.print_portfolio(found, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert json.dumps(portfolio_pages.machine(found), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "vendor", "family"),
    [
        ("gpt-4o-mini", "OpenAI", "GPT"), ("meta-llama/Llama-3.1-8B", "Meta", "Llama"), ("o3", "OpenAI", "GPT"),
        ("Qwen2.5-7B-Instruct", "Alibaba", "Qwen"), ("smollm2", "Hugging Face", "SmolLM"), ("photo3", UNKNOWN, UNKNOWN),
    ],
)  # fmt: skip
def test_names_that_say_their_vendor(name: str, vendor: str, family: str) -> None:
    assert vendor_and_family(name) == (vendor, family)


def test_a_span_ends_at_the_edge() -> None:
    assert html.span((-0.5, 0.02), 0.0, 0.05) == {"low": "4.0", "high": "138.4", "point": "100.0"}


def test_the_templates_are_packaged() -> None:
    folder = Path(html.__file__).parent / "templates"
    assert {each.name for each in folder.iterdir()} == {"compare.css", "compare.html.j2", "portfolio.html.j2"}
