"""The rates of rules that are measured on no simulated vendor: each bench writes its own and keeps the others."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench import elsewhere
from steelyard.reports.measured_rates import MeasuredRates, measured_rates


def test_what_others_measured_stays(tmp_path: Path) -> None:
    path = tmp_path / "rates.json"
    path.write_bytes(msgspec.json.encode(measured_rates()))
    elsewhere.write_elsewhere("mine@1", "runs of mine", 1, 40, path)
    elsewhere.write_elsewhere("other@2", "runs of others", 0, 10, path)
    found = msgspec.json.decode(path.read_bytes(), type=MeasuredRates)
    assert {"identity@2", "mine@1", "other@2"} <= found.elsewhere.keys()
    assert found.elsewhere["mine@1"].rate.share == 0.025
    assert found.elsewhere["other@2"].rate.high > 0.3
    assert msgspec.structs.replace(found, elsewhere={}) == msgspec.structs.replace(measured_rates(), elsewhere={})


def test_kinds_are_pooled_and_one_that_is_accused_too_often_is_named() -> None:
    assert elsewhere.pooled({"one": (30, 1_000), "other": (50, 1_000)})[:2] == (80, 2_000)
    assert elsewhere.pooled({"one": (30, 1_000), "other": (50, 1_000)})[2].startswith(
        "the highest upper bound is other"
    )
    assert elsewhere.pooled({"one": (30, 1_000), "other": (90, 1_000)})[2] == "above 0.1: other (0.109)"
