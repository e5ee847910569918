"""The sealed documents of a run: the plan before the first call, and the bundle at the end.

Their names and formats are a contract with :mod:`steelyard.evidence.verify`, which reads them back and trusts nothing.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.chain import JournalCommitment, read_journal
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, check_signature, open_envelope, seal, statement
from steelyard.evidence.forms import has_form, is_count, is_sha256
from steelyard.evidence.keys import CryptoSigner, Signature, SSlibKey, public_key

_NAMED = 5  # runs below a folder that is none

__all__ = [
    "BUNDLE_FORMAT",
    "BUNDLE_PREDICATE",
    "PLAN_PREDICATE",
    "Bundle",
    "check_signed",
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


# ── the bundle, written ───────────────────────────────────────────────────────────────────────────────────────────────


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
        if layout.is_derived(name) or layout.is_media(name) or name in (layout.BUNDLE, layout.TEMPORARY_BUNDLE):
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


# ── the bundle, read ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Bundle:
    """The seal of a run, opened once and passed on: well-formed, and signed by the key that it names.

    ``subjects`` are the sealed files with their SHA-256, ``predicate`` is what the seal says of them, ``signer`` the
    key that signed it (None: not signed), ``sha256`` the digest of the seal's own file. The sealed files are not
    checked: :mod:`steelyard.evidence.verify` does that.
    """

    path: Path
    subjects: dict[str, str]
    predicate: dict[str, Any]
    signer: SSlibKey | None
    sha256: str

    @classmethod
    def open(cls, run: Path) -> Bundle:
        """Read and check the seal in the folder of a run.

        Raises InputError where ``run`` is not a run, VerificationError where it is not sealed, where the seal is
        malformed, or where its signature does not verify.
        """
        has_seal, has_plan = (os.path.lexists(run / name) for name in (layout.BUNDLE, layout.PLAN))
        if not has_seal and has_plan:
            raise VerificationError(
                f"{run}: {layout.BUNDLE} is missing: this run is not sealed yet, so there is nothing to verify"
            )
        if not has_seal:
            raise InputError(_where_a_run_is(run), where=run)
        data = layout.read_bounded(run, layout.BUNDLE, MAX_ENVELOPE_BYTES)
        document, envelope = open_envelope(data, layout.BUNDLE)
        predicate = document["predicate"]
        if document["predicateType"] != BUNDLE_PREDICATE or predicate.get("format") != BUNDLE_FORMAT:
            raise VerificationError(f"{layout.BUNDLE}: not a seal of format {BUNDLE_FORMAT}")
        if not _is_well_formed(predicate):
            raise VerificationError(f"{layout.BUNDLE}: its plan, journal, scores, texts or signer is malformed")
        subjects = {subject["name"]: subject["digest"]["sha256"] for subject in document["subject"]}
        for name in subjects:
            if not layout.is_sealable(name) or (layout.is_text(name) and predicate["texts"] == "withheld"):
                raise VerificationError(f"{layout.BUNDLE}: names a file that does not belong to a run: {name!r}")
        for name in (layout.PLAN, layout.SCORES):
            if name not in subjects:
                raise VerificationError(f"{layout.BUNDLE}: does not name {name}")
        return cls(run, subjects, predicate, _signer(predicate["signer"], envelope), sha256_hex(data))

    @property
    def withheld(self) -> bool:
        """Whether the run was sealed without its texts."""
        return bool(self.predicate["texts"] == "withheld")

    @property
    def renderer(self) -> Any:
        """What drew the pages of the report, as the seal says."""
        return self.predicate.get("renderer")


def _is_well_formed(predicate: dict[str, Any]) -> bool:
    journal, answers = predicate.get("journal"), predicate.get("answers")
    return (
        has_form(journal, {"records": is_count, "root": is_sha256, "segments": _are_segments})
        and has_form(answers, {"count": is_count, "root": is_sha256})
        and is_sha256(predicate.get("plan"))
        and is_count(predicate.get("scores"))
        and predicate.get("texts") in ("sealed", "withheld")
        and isinstance(predicate.get("signer"), str)
    )


def _are_segments(value: Any) -> bool:
    form = {"head": is_sha256, "records": is_count}
    return isinstance(value, dict) and all(has_form(segment, form) for segment in value.values())


def _signer(public_hex: str, envelope: Envelope) -> SSlibKey | None:
    """The key that signed, checked; None where the seal is not signed and does not say that it was."""
    if not public_hex:
        if envelope.signatures:
            raise VerificationError(f"{layout.BUNDLE}: carries a signature and names no signer")
        return None
    try:
        signer = public_key(public_hex)
    except ValueError as error:
        raise VerificationError(f"{layout.BUNDLE}: its signer: {error}") from None
    check_signed(envelope, signer, layout.BUNDLE)
    return signer


def check_signed(envelope: Envelope, signer: SSlibKey, name: str) -> None:
    """Raise VerificationError, naming ``name``, unless ``signer`` alone signed the envelope, and did so rightly."""
    if signer.keyid not in envelope.signatures:
        raise VerificationError(f"{name}: the signature by key {signer.keyid}, which sealed the run, is missing")
    if len(envelope.signatures) > 1:
        raise VerificationError(f"{name}: carries a signature besides that of key {signer.keyid}, which sealed the run")
    if not check_signature(envelope, signer):
        raise VerificationError(f"{name}: the signature by key {signer.keyid} does not verify")


def _where_a_run_is(path: Path) -> str:
    """What to give in place of a path that is no run."""
    if path.suffix.lower() in (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar") and path.is_file():
        return "is an archive: unpack it, and give the folder in it that holds " + layout.BUNDLE
    around = next((folder for folder in path.parents if os.path.lexists(folder / layout.BUNDLE)), None)
    if around is not None and path.exists():
        return f"is a part of a run: steelyard verify {shlex.quote(str(around))}"
    below = sorted(path.glob(f"*/{layout.BUNDLE}"))[:_NAMED] if path.is_dir() else []
    if below:
        named = " ".join(shlex.quote(str(seal.parent)) for seal in below)
        return f"no run is here, but below: steelyard verify {named}"
    return f"no run is here: a sealed run is a folder that holds {layout.BUNDLE}"
