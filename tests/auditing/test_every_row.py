"""All rows of a vendor's table at once: 13 of Llama 4 Maverick's 14 are asked on loopback, and 12 are decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.verification.recompute import recompute
from tests.every_row import KnowingServer, known_of, mirror_of, sentences_of

pytestmark = pytest.mark.slow  # 28,000 rows are rendered and digested for each plan
EXAMPLE = Path(__file__).parents[2] / "examples" / "llama-4-maverick.yaml"
CLAIMS = {
    "mmmu": 73.4, "mmmu_pro": 59.6, "mathvista": 73.7, "chartqa": 90.0, "docvqa": 94.4, "livecodebench": 43.4,
    "mmlu_pro": 80.5, "gpqa": 69.8, "mgsm": 92.3,
}  # fmt: skip
SUBSETS = {"ek_half_book": 54.0, "ke_half_book": 46.4, "ek_full_book": 50.8, "ke_full_book": 46.7}
DECIDED = [
    "mmmu",
    "mmmu-pro",
    "mathvista",
    "chartqa",
    "livecodebench",
    "mmlu-pro",
    "gpqa-diamond",
    "mgsm",
    *["mtob"] * 4,
]
# Both have a prompt format by log-likelihoods, which the vendor does not exclude.
NEED_LIKELIHOODS = {"mmlu-pro", "gpqa-diamond"}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    return mirror_of(tmp_path_factory.mktemp("mirror"), shared)


def audited(mirror: Path, shared: Path, run: Path, less: float, *, echoes: bool, more: tuple[str, ...] = ()) -> int:
    """Audit the example as it is; the endpoint is so many points below each claim, or reaches it."""
    known = {name: known_of(name, (value - less) / 100) for name, value in CLAIMS.items()}
    sentences = {name: sentences_of((value - less) / 100, at_most=less > 0) for name, value in SUBSETS.items()}
    with KnowingServer(known, sentences, shared, echoes=echoes) as server:
        command = ["audit", str(EXAMPLE), "--model", f"openai:sees@{server.url}", "--data", str(mirror)]
        return execute([*command, "--accept-model", "--out", str(run), *more])


def test_thirteen_rows_are_asked(
    mirror: Path, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert audited(mirror, shared, tmp_path / "run", 0, echoes=False, more=("--dry-run",)) == 0
    table, _, rest = capsys.readouterr().out.partition("The last two columns")
    plain = " ".join(rest.split())
    assert table.count("mtob") == 4
    for name in ("mmmu", "mmmu_pro", "mathvista", "chartqa", "livecodebench", "mmlu_pro", "gpqa_diamond", "mgsm"):
        assert name in table
    assert "docvqa" in table
    assert "docvqa: not testable: the answers of DocVQA's test split are not public" in plain
    assert "lmarena: not tested: a value in elo" in plain


@pytest.mark.parametrize(
    ("less", "echoes", "word"),
    [(0, True, "consistent"), (10, True, "inconsistent"), (10, False, "inconsistent")],
    ids=["reaches the claims", "ten points below", "ten points below, without log-likelihoods"],
)
def test_all_rows_of_the_table(
    mirror: Path, shared: Path, tmp_path: Path, less: float, echoes: bool, word: str
) -> None:
    run = tmp_path / "run"
    assert audited(mirror, shared, run, less, echoes=echoes) == 1  # the arena row was measured on another model
    report: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    verdicts = [(claim["task"], claim["verdict"]) for claim in report["claims"]]
    expected = [(task, "not_testable" if not echoes and task in NEED_LIKELIHOODS else word) for task in DECIDED]
    assert [each for each in verdicts if each[0] not in ("docvqa", "lmarena")] == expected
    assert dict(verdicts)["docvqa"] == "not_testable"
    assert dict(verdicts)["lmarena"] == "not_tested"
    (beside,) = (each for each in report["measurements"] if each["task"] == "docvqa")
    assert (beside["asked"], beside["of"], beside["read_by"]) == (1000, 5349, [])
    low, high = beside["mean"]["ci"]
    assert low <= CLAIMS["docvqa"] - less <= high
    assert [claim.verdict for claim in recompute(run).verdict.claims] == [
        claim["verdict"] for claim in report["claims"]
    ]
