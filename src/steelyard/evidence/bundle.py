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
from steelyard.evidence.canonical import canonical, sha256_hex
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
    "texts_of",
]

PLAN_PREDICATE = "urn:steelyard:predicate:plan:v2"
PLAN_FORMAT = "steelyard-plan/2"
BUNDLE_PREDICATE = "urn:steelyard:predicate:audit:v2"
BUNDLE_FORMAT = "steelyard-bundle/2"


# ── the plan ────────────────────────────────────────────────────────────────────────────────────────────────────────


def seal_plan(plan: Mapping[str, Any], signer: CryptoSigner | None) -> bytes:
    """The bytes of ``plan.dsse.json``: the plan (``records.Plan`` as JSON types) about what it is for.

    That is the claim sheet, by the digest of its file; without one, the plan's measurements.
    """
    return seal(statement(_subject_of(plan), PLAN_PREDICATE, plan), signer)


def _subject_of(plan: Mapping[str, Any]) -> dict[str, str]:
    sheet = plan.get("sheet")
    if sheet is None:
        return {"measurements": sha256_hex(canonical(plan.get("measurements", [])))}
    return {"sheet": sheet["digest"]}


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
        raise VerificationError(_other_format(document, where))
    try:
        ((name, digest),) = _subject_of(plan).items()
    except (KeyError, TypeError, AttributeError, ValueError):
        raise VerificationError(f"{where}: its claim sheet has no digest") from None
    if document["subject"] != [{"name": name, "digest": {"sha256": digest}}]:
        raise VerificationError(f"{where}: its subject is not what it plans for")
    return plan


def _other_format(document: Mapping[str, Any], where: str | Path) -> str:
    found = str(document["predicate"].get("format"))[:40]
    if found == "steelyard-plan/1" or str(document["predicateType"]).endswith(":plan:v1"):
        return f"{where}: a plan of format 1, which no release wrote: verify it with the version that made it"
    return f"{where}: not a plan of format {PLAN_FORMAT}, which this version reads; it says {found!r}"


def texts_of(plan: Mapping[str, Any]) -> str:
    """Whether a sealed plan withholds its texts, which is what it does where it does not say."""
    return str(plan.get("texts", "withheld"))


# ── the bundle ──────────────────────────────────────────────────────────────────────────────────────────────────────


def seal_bundle(run: Path, extra: Mapping[str, Any], signer: CryptoSigner | None) -> None:
    """Write ``bundle.dsse.json``: digests of every file of the run, the journal's root, and ``extra``.

    Replaces an earlier seal atomically. Raises VerificationError where the run is inconsistent, InputError where it
    holds a file that does not belong to a run, or where the plan was signed by another key.
    """
    plan, plan_digest, signatures = open_plan(layout.read_bounded(run, layout.PLAN, MAX_ENVELOPE_BYTES), layout.PLAN)
    if signatures and (signer is None or signer.public_key.keyid not in signatures):
        raise InputError(f"the plan is signed by key {min(signatures)}: seal with that key", where=run / layout.PLAN)
    names = _names_to_seal(run, withheld=texts_of(plan) == "withheld")
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
        "texts": texts_of(plan),
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
