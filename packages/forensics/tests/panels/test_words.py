"""What a result says: every number that a reader needs, on one line each, with foreign text made safe."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace
from rich.console import Console

from packages.forensics.tests.panel_runs import drawn_detection
from packages.forensics.tests.panels.test_folder import entry
from steelyard_forensics.panels.folder import Panel
from steelyard_forensics.panels.record import LeftOut
from steelyard_forensics.panels.words import (
    headline,
    html,
    machine,
    markdown,
    missing_families,
    print_detection,
    sentences,
)
from testkit.comparison_runs import HOSTILE


def test_an_inconsistent_result() -> None:
    found, _ = drawn_detection(levels=(0.97, 0.6))
    assert headline(found).startswith("Inconsistent, p = 0.016: 9")
    said = " ".join(sentences(found))
    for words in ("(each end one-sided at 0.05)", "n = 400 samples", "60 families, 60 models",
                  "conformal rank p = 0.016",
                  "is found with probability .9", "Null hypothesis", "Assumed: ", "has a level of its own",
                  "A gap does not show how it came", "panel_twin_gap@1 accused in"):  # fmt: skip
        assert words in said
    document = json.loads(json.dumps(machine(found)))
    assert (document["exit"], document["result"]["word"]) == (1, "inconsistent")


def test_a_result_that_is_not_testable() -> None:
    found, _ = drawn_detection(3)
    assert headline(found).startswith("Not testable: at a level of 0.05 a panel needs 59 families")
    assert "56 families are missing" in headline(found)
    assert not any("prediction interval" in each for each in sentences(found))


def test_foreign_text_is_escaped_and_in_one_line() -> None:
    found, _ = drawn_detection(3)
    hostile = replace(
        found,
        panel=replace(found.panel, name=HOSTILE),
        left_out=(LeftOut(name="0" * 16, family=HOSTILE, reason=HOSTILE),),
    )
    assert "<script" not in html(hostile)
    assert "steelyard detect twin_gap" in html(hostile)
    text = markdown(hostile)
    assert "<script>" not in text
    assert "\x1b" not in text
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    print_detection(hostile, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_panel_is_described() -> None:
    found, _ = drawn_detection(60)
    read = (replace(found.read[0], date="2027-01-01", origin="imported"), *found.read[1:])
    said = " ".join(sentences(replace(found, read=read)))
    assert "1 of those read were planned after the tested model's" in said
    assert "1 are another harness's logs" in said


@pytest.mark.parametrize(("families", "said"), [(58, "1 family is missing"), (2, "57 families are"), (59, "enough")])
def test_missing_families(families: int, said: str) -> None:
    from pathlib import Path

    panel = Panel(Path(), "p", tuple(entry(number) for number in range(1, families + 1)), "")
    assert said in missing_families(panel)
