"""Records a second: integrity alone against SHA-256 over the same bytes, and the whole recomputation."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from bench.table import Row

__all__ = ["measure"]


def measure(folder: Path) -> list[Row]:
    """Verify the run that the runner's measurement left in ``folder``."""
    from steelyard.evidence.verify import verify_integrity
    from steelyard.verification.recompute import recompute

    run = folder / "run"
    verify_integrity(run)  # imports, once
    began = time.process_time()
    hashlib.sha256((run / "journal" / "main-0000.jsonl").read_bytes()).hexdigest()
    floor = time.process_time() - began
    began = time.process_time()
    records = verify_integrity(run).records
    integrity = time.process_time() - began
    began = time.process_time()
    recompute(run)
    whole = time.process_time() - began
    speeds = (("verify: integrity", integrity, "≥ 50,000"), ("verify: recomputation, pages included", whole, "–"))
    return [
        Row(
            f"{what}, records/s",
            records,
            f"{records / seconds:,.0f}",
            f"{records / max(floor, 1e-6):,.0f}",
            f"{seconds / max(floor, 1e-6):,.0f}",
            budget,
        )
        for what, seconds, budget in speeds
    ]
