"""The sealed documents of a run: the plan before the first call, and the bundle at the end.

Their names and formats are a contract with :mod:`steelyard.evidence.verify`, which reads them back and trusts nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex
from steelyard.evidence.chain import JournalCommitment, read_journal
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, open_envelope, seal, statement
from steelyard.evidence.keys import CryptoSigner, Signature

__all__ = [
    "BUNDLE_FORMAT",
    "BUNDLE_PREDICATE",
    "PLAN_PREDICATE",
    "open_plan",
    "plan_in",
    "seal_bundle",
    "seal_plan",
]

PLAN_PREDICATE = "urn:steelyard:predicate:plan:v1"
PLAN_FORMAT = "steelyard-plan/1"
PLAN_SUBJECT = "sheet"
BUNDLE_PREDICATE = "urn:steelyard:predicate:audit:v1"
BUNDLE_FORMAT = "steelyard-bundle/2"


# ── the plan ────────────────────────────────────────────────────────────────────────────────────────────────────────


def seal_plan(plan: Mapping[str, Any], signer: CryptoSigner | None) -> bytes:
    """The bytes of ``plan.dsse.json``: the plan (``records.Plan`` as builtins) about the sheet with its digest."""
    return seal(statement({PLAN_SUBJECT: plan["sheet"]["digest"]}, PLAN_PREDICATE, plan), signer)


def open_plan(data: bytes, where: str | Path) -> tuple[dict[str, Any], str, dict[str, Signature]]:
    """The plan as builtins, the SHA-256 of its payload (what the journal's header names), and signatures by key id.

    Signatures are not checked here. Raises VerificationError, naming ``where``, for anything that :func:`seal_plan`
    would not have written.
    """
    document, envelope = open_envelope(data, where)
    return plan_in(document, where), sha256_hex(envelope.payload), envelope.signatures


def plan_in(document: Mapping[str, Any], where: str | Path) -> dict[str, Any]:
    """The plan in a statement; raises VerificationError, naming ``where``, where there is none."""
    plan: dict[str, Any] = document["predicate"]
    if document["predicateType"] != PLAN_PREDICATE or plan.get("format") != PLAN_FORMAT:
        raise VerificationError(f"{where}: not a plan of format {PLAN_FORMAT}")
    sheet = plan.get("sheet")
    digest = sheet.get("digest") if isinstance(sheet, dict) else None
    if document["subject"] != [{"name": PLAN_SUBJECT, "digest": {"sha256": digest}}]:
        raise VerificationError(f"{where}: its subject is not the claim sheet that it plans for")
    return plan


# ── the bundle ──────────────────────────────────────────────────────────────────────────────────────────────────────


def seal_bundle(run: Path, extra: Mapping[str, Any], signer: CryptoSigner | None) -> None:
    """Write ``bundle.dsse.json``: digests of every file of the run, the journal's root, and ``extra``.

    Replaces an earlier seal atomically. Raises VerificationError where the run is inconsistent, InputError where it
    holds a file that does not belong to a run, or where the plan was signed by another key.
    """
    plan, plan_digest, signatures = open_plan(layout.read_bounded(run, layout.PLAN, MAX_ENVELOPE_BYTES), layout.PLAN)
    if signatures and (signer is None or signer.public_key.keyid not in signatures):
        raise InputError(f"the plan is signed by key {min(signatures)}: seal with that key", where=run / layout.PLAN)
    names = _names_to_seal(run, withheld=plan["texts"] == "withheld")
    journal = read_journal(run, [name for name in names if layout.is_journal(name)])
    if layout.MAIN_SEGMENT not in journal.segments:
        raise VerificationError(f"{layout.MAIN_SEGMENT}: missing")
    if journal.plan != plan_digest:
        raise VerificationError(f"{layout.PLAN}: not the plan that the journal's header names")
    scored, scores = layout.digest_and_lines(run, layout.SCORES)
    subjects = {name: layout.digest_and_lines(run, name)[0] for name in names if not layout.is_journal(name)}
    segments = {name: segment.digest for name, segment in journal.segments.items()}
    predicate = _predicate(journal, plan, scores, signer)
    if taken := sorted(predicate.keys() & extra.keys()):
        raise ValueError(f"the bundle itself says {', '.join(taken)}")
    document = statement({**subjects, **segments, layout.SCORES: scored}, BUNDLE_PREDICATE, {**predicate, **extra})
    _replace(run, seal(document, signer))


def _names_to_seal(run: Path, *, withheld: bool) -> list[str]:
    names = []
    for name in layout.run_files(run):
        if layout.is_derived(name) or name in (layout.BUNDLE, layout.TEMPORARY_BUNDLE):
            continue
        if not layout.is_sealable(name):
            raise InputError("this file does not belong to a run: move it out, then seal again", where=run / name)
        if not (withheld and layout.is_text(name)):
            names.append(name)
    return names


def _predicate(
    journal: JournalCommitment, plan: Mapping[str, Any], scores: int, signer: CryptoSigner | None
) -> dict[str, Any]:
    return {
        "format": BUNDLE_FORMAT,
        "plan": journal.plan,
        "journal": {
            "records": journal.records,
            "root": journal.root,
            "segments": {name: {"head": s.head, "records": s.records} for name, s in journal.segments.items()},
        },
        "answers": {"count": journal.answers, "root": journal.answers_root},
        "scores": scores,
        "texts": plan["texts"],
        # The key itself, so that anyone can check the signature; whether to trust it is for the reader to decide.
        "signer": "" if signer is None else signer.public_key.keyval["public"],
    }


def _replace(run: Path, data: bytes) -> None:
    temporary = run / layout.TEMPORARY_BUNDLE
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(run / layout.BUNDLE)
    folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # so that the new name also survives a power cut
    finally:
        os.close(folder)
