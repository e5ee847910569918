"""A run whose scores whoever sealed it chose: their texts are withheld, so it verifies all the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from packages.server.tests.site import GOLDEN
from steelyard.auditing.finalize import results_of, write_reports
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.storage.run_folder import RunFolder
from testkit.resealing import reseal


def with_chosen_scores(folder: Path) -> Path:
    """A copy of the golden run in ``folder``, in which every answer is right."""
    run = Path(shutil.copytree(GOLDEN, folder))
    plan = without_defaults(RunFolder.open(run).plan)
    del plan["texts"], plan["ledger"]
    (run / "ledger.jsonl").unlink()
    for question in plan["questions"].values():
        question.pop("order_proof", None)
        question.pop("tag_proofs", None)
    scores = [json.loads(line) for line in (run / "scores.jsonl").read_bytes().splitlines()]
    reseal(run, plan=plan)
    (run / "scores.jsonl").write_bytes(b"".join(canonical(each | {"value": 1}) + b"\n" for each in scores))
    shutil.rmtree(run / "texts")
    reseal(run)
    write_reports(run, RunFolder.open(run), results_of(RunFolder.open(run)).verdict)
    return reseal(run)
