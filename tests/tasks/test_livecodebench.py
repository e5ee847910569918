"""LiveCodeBench on made-up problems in the hub's layout: the message of lcb_runner, windows and releases, its tests."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.records import Claim, GenerateRequest, Protocol, Sample
from steelyard.scorers.packed_tests import cases_in
from steelyard.tasks import load_task
from steelyard.tasks.task import Samples
from testkit.lcb_problems import SIZES, mirror_of, problem

WINDOW = "release_v5:2024-10-01/2025-02-01"
FILE = "livecodebench/code_generation_lite/test5.jsonl"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mirror_of(tmp_path_factory.mktemp("mirror"))


def samples_of(mirror: Path, window: str = WINDOW) -> Samples:
    return load_task("livecodebench").prepare("chat", mirror, window=window)


def lcb_runner_asks(row: dict[str, Any]) -> tuple[str, str]:
    """The system message and the message of lcb_runner's OpenAIChat style, written by hand from its source.

    (prompts/code_generation.py: SYSTEM_MESSAGE_GENERIC, get_generic_question_template_answer.)
    """
    system = (
        "You are an expert Python programmer. You will be given a question (problem specification) and will generate a "
        "correct Python program that matches the specification and passes all tests. You will NOT return anything "
        "except for the program."
    )
    asked = "### Question:\n" + row["question_content"] + "\n\n"
    if row["starter_code"]:
        asked += "### Format: You will use the following starter code to write the solution to the problem and enclose "
        asked += "your code within delimiters.\n```python\n" + row["starter_code"] + "\n```\n\n"
    else:
        asked += "### Format: Read the inputs from stdin solve the problem and write the answer to stdout (do not "
        asked += "directly test on the sample inputs). Enclose your code within delimiters as follows.\n"
        asked += "```python\n# YOUR CODE HERE\n```\n\n"
    return system, asked + "### Answer: (use the provided format with backticks)\n\n"


def test_the_message_is_that_of_lcb_runner(mirror: Path) -> None:
    rows = [json.loads(line) for line in (mirror / FILE).read_text().splitlines()]
    samples = samples_of(mirror)
    assert len(samples) == 27
    for sample in samples:
        row = rows[int(sample.id.rpartition("/")[2])]
        assert isinstance(sample.request, GenerateRequest)
        assert (sample.request.system, sample.request.prompt) == lcb_runner_asks(row)
        assert sample.request.chat
        assert not sample.request.stop
        assert json.loads(sample.target) == json.loads(row["metadata"])
        texts = json.loads(sample.tests)
        assert texts == [row["public_test_cases"], row["private_test_cases"]]
        assert len(cases_in(texts)) == 2


def test_tests_are_sealed_by_their_digest_alone(mirror: Path) -> None:
    sample = samples_of(mirror)[0]
    assert sample.tests_sha256 == sha256(sample.tests).hexdigest()
    sealed = json.loads(canonical(sample))
    assert sealed["tests_sha256"] == sample.tests_sha256
    assert "tests" not in sealed


def test_a_samples_id_is_its_row_in_the_file(mirror: Path) -> None:
    ids = [sample.id for sample in samples_of(mirror)]
    assert ids[0] == "livecodebench/test5/140"
    assert ids[-1] == "livecodebench/test5/166"
    assert [sample.id for sample in samples_of(mirror, "release_v2")][-1] == "livecodebench/test2/110"


@pytest.mark.parametrize(
    ("window", "count", "held"),
    [
        ("", 1055, 1055),
        ("release_v1", 400, 400),
        ("release_v5", 880, 880),
        ("release_v6", 1055, 1055),
        (WINDOW, 27, 880),
        ("release_v6:2024-10-01/2025-02-01", 50, 1055),  # 23 of the sixth file, from 2025-01-10 on
        ("release_v5:2023-05-07/2023-05-07", 400, 880),
        ("release_v5:2024-10-27/2024-10-27", 1, 880),  # both ends are counted in
        ("release_v5:2024-10-28/2025-02-01", 0, 880),
    ],
)
def test_the_rows_of_a_window(mirror: Path, window: str, count: int, held: int) -> None:
    samples = samples_of(mirror, window)
    assert (len(samples), samples.held) == (count, held)
    assert sum(SIZES) == 1055


def test_a_release_needs_its_own_files_alone(tmp_path: Path) -> None:
    mirror_of(tmp_path, sizes=SIZES[:2])
    assert len(samples_of(tmp_path, "release_v2")) == 511
    with pytest.raises(InputError, match=r"the mirror has no livecodebench/code_generation_lite/test3\.jsonl"):
        samples_of(tmp_path)


def test_a_file_with_more_rows_is_another_one(tmp_path: Path) -> None:
    mirror_of(tmp_path, sizes=(401,))
    with pytest.raises(InputError, match="has 401 rows, and the published one 400"):
        samples_of(tmp_path, "release_v1")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"contest_date": "soon"}, "test.jsonl:1: the date 'soon' is none"),
        ({"private_test_cases": 3}, "the column 'private_test_cases' of fields.tests is no text"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    mirror_of(tmp_path, sizes=(1,))
    file = tmp_path / "livecodebench/code_generation_lite/test.jsonl"
    file.write_text(json.dumps(problem(1) | change) + "\n")
    with pytest.raises(InputError, match=why):
        list(samples_of(tmp_path, "release_v1"))


@pytest.mark.parametrize(
    ("task", "variant", "subset", "window"),
    [
        ("livecodebench", "", "2024-10-01 to 2025-02-01", WINDOW),
        ("LiveCodeBench", "10/01/2024-02/01/2025", "", WINDOW),
        ("LiveCodeBench v5", "", "", "release_v5"),
        ("livecodebench v6", "", "test, 2025-02-01 to 2025-05-01", "release_v6:2025-02-01/2025-05-01"),
    ],
)
def test_a_claims_window(task: str, variant: str, subset: str, window: str) -> None:
    claim = Claim(task=task, value="43.4", metric="pass@1", variant=variant, protocol=Protocol(subset=subset))
    chosen = load_task(task).protocol_for(claim)
    assert (chosen.refused, chosen.window) == ("", window)
    assert sum("asked" in said and "release_v" in said for said in chosen.differences) == 1


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (Claim(task="livecodebench", value="43.4"), "grows, and the claim states no window of it: write subset: 2024"),
        (Claim(task="livecodebench v5", value="43", protocol=Protocol(subset="v6")), "more than one window"),
        (Claim(task="livecodebench", value="43", protocol=Protocol(subset="easy, v5")), "a part of the benchmark"),
        (Claim(task="livecodebench v5", value="43", metric="pass@5"), "several answers"),
        (Claim(task="livecodebench v5", value="43", variant="self-repair"), "other scenarios"),
    ],
)
def test_claims_that_are_refused(claim: Claim, why: str) -> None:
    assert why in load_task("livecodebench").protocol_for(claim).refused


def test_a_run_without_a_claim_asks_all(mirror: Path) -> None:
    assert load_task("livecodebench").protocol_of().window == ""
    sample: Sample = samples_of(mirror, "")[1054]
    assert sample.id == "livecodebench/test6/174"
