"""The image rows of a vendor's sheet: which are asked, and what an audit of made-up rows in their layout decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from testkit.vision_server import VisionServer, picture

EXAMPLE = Path(__file__).parents[2] / "examples" / "llama-4-maverick.yaml"
SUBJECTS = 30


def put(mirror: Path, place: str, rows: list[dict[str, Any]]) -> None:
    file = mirror / f"{place}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    for number in range(1, 4):
        (file.parent / f"{number}.png").write_bytes(picture(number))


def chosen(number: int, count: int) -> dict[str, Any]:
    """A question whose right letter follows from its number."""
    return {
        "id": f"validation_Made_{number}",
        "question": f"Question {number} on <image 1>?",
        "options": str([f"thing {each}" for each in range(count)]),
        "answer": "ABCDEFGHIJ"[number % count],
        "question_type": "multiple-choice",
        "image_1": f"{number % 3 + 1}.png",
    }


def open_question(number: int) -> dict[str, Any]:
    return chosen(number, 4) | {"options": "[]", "answer": str(number), "question_type": "open"}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many rows as the benchmarks have, all made up."""
    from steelyard.tasks import load_task

    folder = tmp_path_factory.mktemp("mirror")
    hub = load_task("mmmu").definition.hub
    assert hub is not None
    for place, name in enumerate(hub.configs):
        numbers = range(place * SUBJECTS, (place + 1) * SUBJECTS)
        put(
            folder,
            f"MMMU/MMMU/{name}/validation",
            [(open_question if n % 15 == 0 else chosen)(n, *([4] if n % 15 else [])) for n in numbers],
        )
    put(folder, "MMMU/MMMU_Pro/standard (10 options)/test", [chosen(n, 10) for n in range(1730)])
    vision = [
        {"id": str(n), "options": str(list("abcdefghij")), "answer": "ABC"[n % 3], "image": f"{n % 3 + 1}.png"}
        for n in range(1730)
    ]
    put(folder, "MMMU/MMMU_Pro/vision/test", vision)
    free: dict[str, Any] = {"question_type": "free_form", "answer_type": "integer", "choices": None, "precision": None}
    rows = [
        {"question": f"Question {n}?", "query": f"Question {n}?", "answer": str(n), "decoded_image": "1.png"} | free
        for n in range(1000)
    ]
    put(folder, "AI4Math/MathVista/default/testmini", rows)
    pages = [{"question": f"Question {n}?", "answers": [f"entry {n}", str(n)], "image": "1.png"} for n in range(5349)]
    put(folder, "lmms-lab/DocVQA/DocVQA/validation", pages)
    return folder


def who_knows(text: str, numbers: list[int]) -> str:
    """The right answer to each of the rows above, from the question's number or, without one, from the picture."""
    if "question" not in text.lower() and "letter" not in text:
        return "Hello to you"
    words = [word.strip("?") for word in text.split("Question ")[-1].split()]
    number = int(words[0]) if words and words[0].isdecimal() else numbers[0] - 1
    if "Options:" in text or "thing 0" in text:
        count = 10 if "thing 9" in text else 4
        return f"It shows {numbers[0]}.\nAnswer: {'ABCDEFGHIJ'[number % count]}"
    if "option" in text:
        return f"Answer: {'ABC'[number % 3]}"
    return str(number)


def who_guesses(text: str, numbers: list[int]) -> str:
    return "Answer: J" if "thing 9" in text else "Answer: D" if "thing 0" in text or "option" in text else "-1"


def audited(sheet: Path, mirror: Path, folder: Path, says: Callable[[str, list[int]], str], *more: str) -> int:
    with VisionServer() as server:
        server.says = says
        command = ["audit", str(sheet), "--model", f"openai:sees@{server.url}", "--data", str(mirror)]
        return execute([*command, "--out", str(folder), "--accept-model", *more])


def test_the_image_rows_of_the_example_are_asked(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    run = tmp_path / "run"
    assert audited(EXAMPLE, mirror, run, who_knows, "--dry-run") == 0
    told = capsys.readouterr().out
    table, _, rest = told.partition("The last two columns")
    asked = {
        words[0] for line in table.splitlines() if (words := line.split()) and words[-1].replace(",", "").isdecimal()
    }
    assert asked == {"mmmu", "mmmu_pro", "mathvista"}
    assert "docvqa" in table  # validation, beside the claim: nothing is decided
    plain = " ".join(rest.split())
    assert "docvqa: not testable: the answers of DocVQA's test split are not public" in plain
    assert "chartqa: not tested: no data: the mirror has no" in plain
    assert not run.exists()


SHEET = """
model: sees
vendor: made up
date: 2025-04-05
claims:
  - {task: mmmu, value: 73.4, metric: accuracy, shots: 0, protocol: {decoding: greedy, prompt: meta}}
  - {task: mmmu-pro, value: 59.6, average: macro, protocol: {prompt: cot, subset: Standard and Vision}}
  - {task: mathvista, value: 73.7, protocol: {decoding: greedy}}
"""
DOCUMENTS = """\
  - {task: docvqa, value: 94.4, metric: anls, protocol: {decoding: greedy, prompt: meta, subset: validation}}
  - {task: docvqa, value: 94.4, metric: anls, protocol: {decoding: greedy, subset: test}}
"""


@pytest.mark.parametrize(
    ("documents", "confirmed"),
    [(DOCUMENTS.splitlines()[1], ()), pytest.param(DOCUMENTS, ("docvqa",), marks=pytest.mark.slow)],
)
def test_an_audit_of_the_image_rows_confirms_who_knows_and_verifies(
    mirror: Path, tmp_path: Path, documents: str, confirmed: tuple[str, ...]
) -> None:
    sheet, run = tmp_path / "sheet.yaml", tmp_path / "run"
    sheet.write_text(SHEET + documents)
    assert audited(sheet, mirror, run, who_knows) == 3  # one claim is not testable
    claims = json.loads((run / "report.json").read_text())["claims"]
    assert [(claim["task"], claim["verdict"]) for claim in claims] == [
        *((task, "consistent") for task in ("mmmu", "mmmu-pro", "mathvista", *confirmed)),
        ("docvqa", "not_testable"),
    ]
    assert "test split are not public" in claims[-1]["reason"]
    assert execute(["verify", str(run)]) == 0


@pytest.mark.slow  # the fast run finds an inflated claim about images in ChartQA's layout (tests/test_images.py)
def test_an_audit_of_the_image_rows_finds_who_guesses_and_verifies(mirror: Path, tmp_path: Path) -> None:
    """Without DocVQA's 5,349 pages, of which each takes as long as any other."""
    sheet, run = tmp_path / "sheet.yaml", tmp_path / "run"
    sheet.write_text(SHEET)
    assert audited(sheet, mirror, run, who_guesses) == 1
    claims = json.loads((run / "report.json").read_text())["claims"]
    assert [(claim["task"], claim["verdict"]) for claim in claims] == [
        (task, "inconsistent") for task in ("mmmu", "mmmu-pro", "mathvista")
    ]
    assert execute(["verify", str(run)]) == 0
