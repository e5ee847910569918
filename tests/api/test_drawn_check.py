"""What a run asked is recomputed from the suite's seal: another run, another suite and another address do not pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.drawn_check import DrawnPart, check_drawn
from steelyard.cli import execute
from steelyard.errors import InputError, VerificationError
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at
from tests.tasks.test_suite_variants import sums_with_variants


def test_only_what_the_seal_draws_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    suite = sums_with_variants(tmp_path / "sums", count=30, variants=2)
    with SumsServer() as server:
        for name in ("sums", "other"):
            folder = tmp_path / name
            if name == "other":
                sums_with_variants(folder, count=30, variants=2)
            (folder / "suite.yaml").write_text(f"suite: sums\nendpoints: [{server.url}]\n")
            with pytest.raises(InputError, match="is not sealed with variants"):
                check_drawn(folder, tmp_path / "run-sums")
            assert execute(["suite", "seal", str(folder)]) == 0
            assert execute(["run", name, "--model", f"openai:sums@{server.url}", "--out", f"run-{name}"]) == 0
    assert check_drawn(suite, Path("run-sums")) == [DrawnPart(task="sums", address=server.url, drawn=True, addresses=1)]
    # The same suite and key would draw the same; without a key each seal has a seed of its own.
    with pytest.raises(VerificationError, match="asked neither the variants that the seal draws"):
        check_drawn(suite, Path("run-other"))
    with pytest.raises(InputError, match="is not sealed with variants"):
        check_drawn(suite_at(tmp_path / "plain"), Path("run-sums"))
