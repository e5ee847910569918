"""Audits of ChartQA against servers whose vendor counted as another harness does: honest is never inconsistent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from testkit.vision_server import VisionServer, picture

ROWS = 2500


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many rows as the benchmark has, all made up."""
    folder = tmp_path_factory.mktemp("mirror")
    place = folder / "HuggingFaceM4/ChartQA/default"
    place.mkdir(parents=True)
    (place / "1.png").write_bytes(picture(1))
    rows = [{"query": f"What is bar {n}?", "label": [str(1000 + 3 * n)], "image": "1.png"} for n in range(ROWS)]
    (place / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def right(asked: str, of_hundred: int, form: str) -> str:
    """The right value for so many of a hundred questions, else a wrong one, in a form."""
    number = int(re.findall(r"bar (\d+)\?", asked)[-1]) if "bar " in asked else 0
    value = 1000 + 3 * number if number * 37 % 100 < of_hundred else 5_000_000 + number
    return form.format(value)


def audited(tmp_path: Path, mirror: Path, server: VisionServer, claim: dict[str, Any]) -> int:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text(json.dumps({"model": "vendor", "claims": [{"task": "chartqa", "value": 85.0, **claim}]}))
    command = ["audit", str(sheet), "--model", f"openai:sees@{server.url}", "--data", str(mirror)]
    return execute([*command, "--out", str(tmp_path / "run"), "--accept-model"])


SAYS: dict[str, tuple[dict[str, Any], str]] = {
    "a bare number, lmms-eval": ({"metric": "relaxed_overall", "protocol": {"harness": "lmms-eval (chartqa)"}}, "{}"),
    "a bare number, lm-eval": ({"protocol": {"prompt": "final answer", "harness": "lm-eval"}}, "I look.\n\n{}"),
    "words behind the mark": ({"protocol": {"prompt": "cot"}}, "The bar is high.\n\nFINAL ANSWER: In {}"),
    "a box of GLM": ({"protocol": {"prompt": "cot"}}, "The bar is high.\n<|begin_of_box|>{}<|end_of_box|>"),
    "another mark": ({"protocol": {"prompt": "final answer"}}, "The bar is high.\n\\boxed{{{}}}"),
}


# In the fast run one form alone is audited; what is read in the others is tested where they are read.
FORMS = [
    pytest.param(*each, id=name, marks=[] if name.endswith("lmms-eval") else [pytest.mark.slow])
    for name, each in SAYS.items()
]


@pytest.mark.parametrize(("claim", "form"), FORMS)
def test_a_vendor_whose_answers_lack_the_mark_is_not_accused(
    claim: dict[str, Any], form: str, tmp_path: Path, mirror: Path
) -> None:
    with VisionServer() as server:
        server.says = lambda text, numbers: right(text, 97, form)
        assert audited(tmp_path, mirror, server, claim) != 1


@pytest.mark.parametrize(("claim", "form"), FORMS[:2])
def test_an_inflated_number_is_still_found(claim: dict[str, Any], form: str, tmp_path: Path, mirror: Path) -> None:
    with VisionServer() as server:
        server.says = lambda text, numbers: right(text, 60, form)
        assert audited(tmp_path, mirror, server, claim) == 1


@pytest.mark.parametrize("metric", ["anywhere_accuracy", "exact_match", "relaxed_human_split"])
def test_another_measure_is_not_testable(metric: str, tmp_path: Path, mirror: Path) -> None:
    with VisionServer() as server:
        assert audited(tmp_path, mirror, server, {"metric": metric, "protocol": {"harness": "lm-eval (chartqa)"}}) == 3
