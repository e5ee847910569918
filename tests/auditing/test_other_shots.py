"""Vendors whose numbers were made with worked examples, or by letters: the honest are not accused, the inflated found.

The rows are made up in the shape of the benchmarks', so that a part of each is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks import load_task
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal, with_new_reports
from testkit.reversing_server import share_of
from testkit.shot_server import ShotServer

LANGUAGES = load_task("mgsm").definition.hub.configs  # type: ignore[union-attr]
ITEMS = 132


def endings(number: int) -> list[str]:
    return [f"shines as {place} of {number}" for place in range(4)]


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def mirror(data: Path) -> None:
    """Four benchmarks in the hub's shape."""
    for split, first, count in (("train", 900, 12), ("validation", 0, ITEMS)):
        rows: list[dict[str, Any]] = [
            {"activity_label": "Lamps", "ctx": f"Here is item {n}. it", "ctx_a": f"Here is item {n}.", "ctx_b": "it",
             "endings": endings(n), "label": str(n % 4)}
            for n in range(first, first + count)
        ]  # fmt: skip
        write(data, f"Rowan/hellaswag/default/{split}", rows)
    problems = [{"problem": f"What is item {n}?", "solution": "", "answer": str(n)} for n in range(ITEMS)]
    write(data, "HuggingFaceH4/MATH-500/default/test", problems)
    for place, language in enumerate(LANGUAGES):
        each = range(place * 12, place * 12 + 12)
        asked = [{"question": f"{language}, item {n}?", "answer": None, "answer_number": n} for n in each]
        shown = [{"question": f"Frage: item {n}?", "answer": f"Antwort: {n}.", "answer_number": n} for n in range(8)]
        write(data, f"juletxara/mgsm/{language}/test", asked)
        write(data, f"juletxara/mgsm/{language}/train", shown)
    truths = []
    for n in range(ITEMS):
        right, *wrong = endings(n)[n % 4 :] + endings(n)[: n % 4]
        choices = [right, *(each.replace("shines", "glows") for each in wrong)]
        truths.append({"question": f"Lamp item {n}?", "mc1_targets": {"choices": choices, "labels": [1, 0, 0, 0]}})
    write(data, "truthfulqa/truthful_qa/multiple_choice/validation", truths)
    sums = [{"question": f"What is {n} + {n}?", "answer": f"It is {2 * n}.\n#### {2 * n}"} for n in range(8)]
    write(data, "openai/gsm8k/main/train", sums)


def real_rows(data: Path, shared: Path) -> None:
    """The published rows of benchmarks whose items are pinned: by others nobody is accused."""
    for name in (
        "Rowan/hellaswag/default/validation.jsonl",
        *(f"juletxara/mgsm/{each}/test.jsonl" for each in LANGUAGES),
        "openai/gsm8k/main/test.jsonl",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes((shared / "data" / name).read_bytes())


def rate(skill: float) -> float:
    """The share of all items, in percent, that a model of this skill gets right."""
    return 100 * sum(share_of("skill", str(n)) < skill for n in range(ITEMS)) / ITEMS


Audit = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Audit one claim against a server; exit code and report."""
    data = tmp_path / "data"
    mirror(data)

    def run(server: ShotServer, claim: str, *more: str) -> tuple[int, dict[str, Any]]:
        sheet = tmp_path / "sheet.yaml"
        sheet.write_text(f"model: Shown\nclaims:\n  - {{{claim}}}\n")
        command = ["audit", str(sheet), "--data", str(data), "--allow-part", "--out", str(tmp_path / "run"), *more]
        code = execute([*command, "--model", f"openai:sums@{server.url}"])
        report = tmp_path / "run" / "report.json"
        return code, json.loads(report.read_bytes()) if report.is_file() else {}

    return run


def number(prompt: str, number: int, right: bool) -> str:
    """An answer that every scorer of numbers reads."""
    said = number if right else number + 1
    return f" So it is \\boxed{{{said}}}.\nFinal Answer: The final answer is ${said}$. I hope it is correct."


def letter(prompt: str, number: int, right: bool) -> str:
    lines = [line.partition(".")[::2] for line in prompt.split("\n") if " as " in line]
    true = [name for name, text in lines if "shines" in text]
    return (true if right else [name for name, text in lines if "glows" in text])[0].strip(" ()")


def shown(least: int, mark: str, few: float = 0.35) -> Callable[[str, bool], float]:
    """A skill of .7 from so many worked examples on, each of which has this mark, and of ``few`` below."""
    return lambda prompt, chat: 0.7 if prompt.count(mark) > least else few


HONEST = [
    # With ten worked examples, which are asked with.
    ("task: hellaswag, shots: 10, metric: acc_norm, protocol: {harness: lm-eval}",
     shown(10, "Lamps: "), 0, "completion"),
    # With ten, which it does not say: asked with none first.
    ("task: hellaswag, metric: acc_norm, protocol: {decoding: greedy}", shown(10, "Lamps: "), 0, "completion"),
    ("task: math_500, shots: 4, metric: math_verify, protocol: {harness: lm-eval (minerva_math500), decoding: greedy}",
     shown(4, "Problem:\n"), 0, "minerva"),
    ('task: mgsm, samples: 2750, shots: 8, protocol: {prompt: "native CoT, 8-shot", decoding: greedy}',
     shown(7, "Frage: "), 0, "native_cot"),
    ("task: mgsm, samples: 2750, shots: 8, protocol: {harness: lm-eval (mgsm_native_cot), decoding: greedy}",
     shown(7, "Frage: "), 0, "native_cot"),
    # By written letters, which Inspect calls mc1.
    ("task: truthfulqa, metric: mc1, protocol: {harness: inspect_evals/truthfulqa}",
     lambda prompt, chat: 0.7 if chat else 0.35, 0, "letter_generate"),
    ("task: truthfulqa, metric: mc1", lambda prompt, chat: 0.7 if chat else 0.35, 0, "letter_generate"),
    # With worked examples that no format here shows.
    ("task: math_500, shots: 8, protocol: {harness: lm-eval (minerva_math500)}", shown(8, "Problem:\n"), 3, "minerva"),
    ("task: math_500, protocol: {prompt: 4-shot chat, decoding: greedy}", shown(4, "Problem:\n"), 3, "chat"),
]  # fmt: skip


# In the fast run one claim of each benchmark alone; what a claim says of worked examples is tested in tests/tasks/.
TWICE = {HONEST[place] for place in (2, 4, 5)}


@pytest.mark.parametrize(
    ("claim", "skill", "code", "prompt"),
    [pytest.param(*each, marks=[pytest.mark.slow] if each in TWICE else []) for each in HONEST],
)
def test_an_honest_vendor_is_not_accused(
    claim: str, skill: Callable[[str, bool], float], code: int, prompt: str, audit: Audit, tmp_path: Path
) -> None:
    with ShotServer(skill, letter if "truthfulqa" in claim else number) as server:
        found, report = audit(server, f"{claim}, value: {rate(0.7):.1f}")
    (row,) = report["claims"]
    assert (found, row["prompt"]) == (code, prompt)
    if code:
        assert (row["verdict"], row["p"], row["needs"]) == ("not_testable", 1.0, None)
        assert "the vendor shows" in row["reason"]
        assert any(each.startswith("This may confirm the claim, and accuses nobody: ") for each in row["differences"])
    recompute(tmp_path / "run")


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(HONEST[0][0], marks=pytest.mark.slow),  # 10,042 real rows
        *(HONEST[place][0] for place in (3, 6)),
        *(pytest.param(HONEST[place][0], marks=pytest.mark.slow) for place in (1, 2, 4, 5)),
        "task: gsm8k, protocol: {decoding: greedy}",  # with 0, 5 and 8 worked examples
    ],
)
def test_an_inflated_claim_is_found_under_the_same_worked_examples(
    claim: str, audit: Audit, shared: Path, tmp_path: Path
) -> None:
    real_rows(tmp_path / "data", shared)  # of these the server knows none
    with ShotServer(lambda prompt, chat: 0.6, letter if "truthfulqa" in claim else number) as server:
        found, report = audit(server, f"{claim}, value: 90.0")
    (row,) = report["claims"]
    assert (found, row["verdict"]) == (1, "inconsistent")
    assert not any("accuses nobody" in each for each in row["differences"])
    recompute(tmp_path / "run")


def test_what_was_asked_is_said_where_the_number_of_worked_examples_is_not(
    audit: Audit, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = f"task: hellaswag, metric: acc_norm, protocol: {{decoding: greedy}}, value: {rate(0.7):.1f}"
    with ShotServer(shown(10, "Lamps: "), number) as server:
        audit(server, claim, "--dry-run")
        said = " ".join(capsys.readouterr().out.split())
        assert "asked one after another, until one reaches the claim: completion 0-shot; completion 10-shot." in said
        code, report = audit(server, claim)
    (row,) = report["claims"]
    assert (code, row["formats"]) == (0, ["completion 0-shot", "completion 10-shot"])
    assert "The vendor states no number of worked examples: 10 are shown here, as is usual." in row["differences"]
    notes = [each["message"] for each in report["notes"] if each["check"] == "formats"]
    assert notes[0].startswith("the vendor states no number of worked examples; asked as completion 0-shot (")
    assert "then as completion 10-shot (reaches the claim: " in notes[0]


@pytest.mark.parametrize("held", [0, 5])
def test_without_the_usual_worked_examples_nobody_is_accused(held: int, audit: Audit, tmp_path: Path) -> None:
    train = tmp_path / "data/Rowan/hellaswag/default/train.jsonl"
    lines = train.read_text().splitlines(keepends=True)[:held]
    train.write_text("".join(lines)) if held else train.unlink()
    with ShotServer(lambda prompt, chat: 0.3, number) as server:
        code, report = audit(server, "task: hellaswag, metric: acc_norm, protocol: {decoding: greedy}, value: 90.0")
    (row,) = report["claims"]
    assert (code, row["verdict"], row["p"]) == (3, "unverifiable", 1.0)
    assert "one of the usual ones cannot be asked here: completion@10" in row["reason"]
    low, high = row["standard"]
    assert row["ci"] == [low, high]
    assert low < 36 < high < 90
    recompute(tmp_path / "run")


def test_the_verifier_asks_for_the_usual_worked_examples(audit: Audit, tmp_path: Path) -> None:
    """Without them a vendor who showed them could be accused."""
    with ShotServer(lambda prompt, chat: 0.7, number) as server:
        audit(server, f"task: hellaswag, metric: acc_norm, protocol: {{decoding: greedy}}, value: {rate(0.7):.1f}")
    plan = without_defaults(RunFolder.open(tmp_path / "run").plan)
    assert [each["request"] for each in plan["served"]][:2] == ["claim/0", "claim/0/format/completion@10"]
    del plan["served"][1]
    with pytest.raises(VerificationError, match="nothing is planned for claim/0/format/completion@10"):
        recompute(reseal(tmp_path / "run", plan=plan))


def test_a_number_that_is_stated_is_asked_alone(audit: Audit) -> None:
    with ShotServer(lambda prompt, chat: 0.3, number) as server:
        claim = "task: hellaswag, shots: 0, metric: acc_norm, protocol: {decoding: greedy}, value: 90.0"
        _, report = audit(server, claim)
    assert report["claims"][0]["formats"] == []
    assert len({each["task"] for each in report["measurements"]}) == len(report["measurements"]) == 1


def test_what_may_only_be_confirmed_is_confirmed(audit: Audit, tmp_path: Path) -> None:
    with ShotServer(lambda prompt, chat: 0.7, number) as server:
        code, report = audit(server, f"task: math_500, shots: 8, protocol: {{prompt: chat}}, value: {rate(0.7):.1f}")
    assert (code, report["claims"][0]["verdict"], report["claims"][0]["reason"]) == (0, "consistent", "")
    recompute(tmp_path / "run")


@pytest.mark.parametrize(
    ("note", "found", "word"),
    [("accuracy on the test set", 1, "inconsistent"),
     ("answers were corrected by our librarian", 3, "unverifiable")],
)  # fmt: skip
def test_a_note_accuses_where_fields_hold_all_of_it(
    audit: Audit, tmp_path: Path, note: str, found: int, word: str
) -> None:
    with ShotServer(lambda prompt, chat: 0.4, number) as server:
        claim = f"task: math_500, note: '{note}', protocol: {{prompt: chat, decoding: greedy}}, value: 90.0"
        code, report = audit(server, claim)
    (row,) = report["claims"]
    assert (code, row["verdict"]) == (found, word)
    assert ("answers were corrected by our librarian" in row["reason"]) is (found == 3)
    recompute(tmp_path / "run")


def test_what_a_limit_ends_before_it_is_confirmed_needs_no_more(audit: Audit) -> None:
    with ShotServer(lambda prompt, chat: 0.7, number) as server:
        claim = f"task: math_500, shots: 8, protocol: {{prompt: chat, decoding: greedy}}, value: {rate(0.7):.1f}"
        code, report = audit(server, claim, "--limit", "10")
    (row,) = report["claims"]
    assert (code, row["verdict"], row["needs"]) == (3, "not_testable", None)
    assert row["reason"] == (
        "the vendor shows 8 worked examples, and none are shown here: not reaching it shows nothing"
    )


def test_the_dry_run_says_so(audit: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    with ShotServer(lambda prompt, chat: 0.7, number) as server:
        audit(server, "task: math_500, shots: 8, protocol: {prompt: chat}, value: 70.0", "--dry-run")
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "math_500 (70 %): may be confirmed, and is accused by nothing here: the vendor shows 8 worked examples, "
        "and none are shown here."
    ) in said


def test_the_verifier_derives_it(audit: Audit, tmp_path: Path) -> None:
    with ShotServer(lambda prompt, chat: 0.3, number) as server:
        audit(server, "task: math_500, shots: 8, protocol: {prompt: chat}, value: 70.0")
    plan = without_defaults(RunFolder.open(tmp_path / "run").plan)
    del plan["served"][0]["confirms_only"]
    with pytest.raises(VerificationError, match="confirms_only is ''"):
        recompute(reseal(tmp_path / "run", plan=plan))


def test_a_task_said_to_be_a_file_is_named_where_it_accuses(audit: Audit, tmp_path: Path) -> None:
    """Sealed again as if the task were a file of the user's own, a claim could be accused without a word."""
    with ShotServer(lambda prompt, chat: 0.3, number) as server:
        audit(server, "task: math_500, shots: 8, protocol: {prompt: chat, decoding: greedy}, value: 70.0")
    plan = without_defaults(RunFolder.open(tmp_path / "run").plan)
    own_file = "Asked from a task file of the user's own, not from the built-in task math_500."
    for served in plan["served"]:
        served.pop("confirms_only", None)
        if served["request"].endswith("/second"):
            continue
        said = [each for each in served.get("differences", ()) if each.startswith("Only a part")]
        served["differences"] = [*said, own_file]
    plan["tasks"]["math_500"] = "file"
    sealed = with_new_reports(reseal(tmp_path / "run", plan=plan))
    found = recompute(sealed)
    assert found.accusing == ("00-math_500",)
