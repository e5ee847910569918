"""Seal a changed bundle again, as an attacker without the key would: plan, hash chain, reports and bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from steelyard.auditing.finalize import renderer, results_of, write_reports
from steelyard.evidence.bundle import seal_bundle, seal_plan
from steelyard.evidence.canonical import canonical, fields_of, sha256_hex, without_defaults
from steelyard.evidence.keys import CryptoSigner
from steelyard.storage.journal.lines import GENESIS, JournalRecord
from steelyard.storage.run_folder import RunFolder


def with_new_reports(bundle: Path) -> Path:
    run = RunFolder.open(bundle)
    write_reports(bundle, run, results_of(run).verdict)
    return reseal(bundle)


def without_key(bundle: Path) -> Path:
    """The bundle as an auditor without a key would have made it: every seal can be made again."""
    plan = without_defaults(RunFolder.open(bundle).plan)
    del plan["ledger"]
    (bundle / "ledger.jsonl").unlink()
    for question in plan["questions"].values():
        del question["order_proof"], question["tag_proofs"]
    return with_new_reports(reseal(bundle, plan=plan))


def reseal(
    bundle: Path,
    plan: dict[str, Any] | None = None,
    records: list[dict[str, Any]] | None = None,
    signer: CryptoSigner | None = None,
) -> Path:
    """Make plan, chain, and bundle consistent again, as an attacker would."""
    if plan is not None:
        (bundle / "plan.dsse.json").write_bytes(seal_plan(plan, signer))
    path = bundle / "journal" / "main-0000.jsonl"
    kept = records if records is not None else [json.loads(line) for line in path.read_bytes().splitlines()]
    kept[0]["plan"] = RunFolder.open(bundle).plan_sha256
    previous, lines = GENESIS, []
    for seq, record in enumerate(kept):
        record["seq"], record["prev"] = seq, previous
        lines.append(canonical(sealed_form(record)))
        previous = sha256_hex(lines[-1])
    path.write_bytes(b"\n".join(lines) + b"\n")
    (bundle / "checkpoints.jsonl").unlink(missing_ok=True)
    seal_bundle(bundle, {"renderer": renderer()}, signer)
    return bundle


def sealed_form(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the fields that equal their default, which no sealed record spells out."""
    kinds = {kind.__struct_config__.tag: kind for kind in get_args(JournalRecord)}
    defaults = {name: default for name, default, has in fields_of(kinds[record["type"]])[1] if has}
    empty: dict[str, Any] = {"logprobs": []}
    return {key: value for key, value in record.items() if value != empty.get(key, defaults.get(key, ...))}


def records_of(bundle: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (bundle / "journal" / "main-0000.jsonl").read_bytes().splitlines()]


def edit(path: Path, change: Callable[[Any], None], line: int = 0) -> None:
    lines = path.read_bytes().splitlines()
    document = json.loads(lines[line])
    change(document)
    lines[line] = canonical(document)
    path.write_bytes(b"\n".join(lines) + b"\n")
