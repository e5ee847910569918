"""Verify the integrity of a sealed run offline: every byte against the seal, the seal against its signature.

This layer needs the standard library, cryptography, rfc8785 and securesystemslib, and of Steelyard only its errors, so
it can be read and trusted alone. Only the signature of a time stamp needs one more (rfc3161-client).
:mod:`steelyard.verification.recompute` checks that scores and verdicts follow from the journal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle, check_signed, plan_in, texts_of
from steelyard.evidence.canonical import parse_canonical, sha256_hex
from steelyard.evidence.chain import JournalCommitment, Segment, read_journal
from steelyard.evidence.checkpoints import Checkpoint, check_checkpoints, read_checkpoints, sizes_of
from steelyard.evidence.digests import DigestSet
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, open_envelope
from steelyard.evidence.keys import SSlibKey, load_public
from steelyard.evidence.ledger_place import Chain, check_end, check_ledger
from steelyard.evidence.media import ShownImages, plan_shows_images
from steelyard.evidence.signed import signature_words
from steelyard.evidence.timestamp import MAX_STAMP_BYTES, Stamp
from steelyard.evidence.timestamp_place import check_stamp

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Integrity", "verify_integrity"]

TEXTS_NEEDED = (
    "this run was sealed with its texts, so only who has them can verify it: ask whoever made it for the whole folder"
)
TEXT_START = re.compile(rb'\{"sha256":"([0-9a-f]{64})","text":(?=")')


@dataclass(frozen=True)
class Integrity:
    """The result of a successful check.

    ``signed_by`` is the key id of the seal's signature ("" where it is not signed), ``trusted`` whether that is the
    key which the reader trusts. ``records``, ``segments`` (their number) and ``root`` are the journal's; ``answers``
    counts finished calls and ``answers_root`` commits to them, independent of machine and order; ``texts`` is "all" or
    "withheld N", the number of samples and model outputs whose text is missing. ``messages`` are sentences for the
    reader. ``bundle`` is the seal, opened, ``chain`` the key's ledger that it carries, ``stamp`` the time stamp over
    that ledger's line of the plan, ``stamp_checked`` whether it leads to a root that the reader trusts.
    """

    signed_by: str
    trusted: bool
    records: int
    segments: int
    root: str
    answers: int
    answers_root: str
    texts: str
    messages: tuple[str, ...]
    bundle: Bundle = field(repr=False)
    chain: Chain | None = field(repr=False, default=None)
    stamp: Stamp | None = field(repr=False, default=None)
    stamp_checked: bool = False


def verify_integrity(
    run: Path, trusted_key: Path | None = None, require_key: bool = False, roots: Sequence[x509.Certificate] = ()
) -> Integrity:
    """Check that nothing in ``run`` was changed, removed or added since it was sealed.

    ``trusted_key`` is a public key file; with ``require_key`` the seal must be signed by it. ``roots`` are certificates
    of time stamp authorities (:func:`steelyard.evidence.timestamp_signature.roots_at`): with any, a time stamp that
    the run carries must lead to one. Raises VerificationError naming the first check that fails and where, in this
    order: seal, signature, files that the seal does not name, plan, ledger, time stamp, journal, checkpoints, every
    other file, texts, images. Raises InputError where ``run`` is not a run or ``trusted_key`` not a key.
    """
    trusted = None if trusted_key is None else load_public(trusted_key)
    if require_key and trusted is None:
        raise InputError("a required key must be given: --require-key KEY.pub.pem")
    bundle = Bundle.open(run)
    is_trusted, message = _judge_signer(bundle, trusted, require_key=require_key)
    messages = [message]
    _check_names(bundle)
    said, shows_images = _check_plan(bundle)
    messages += said
    chain = check_ledger(bundle)
    stamp = check_stamp(bundle, chain)
    is_checked = stamp is not None and _check_stamp_signature(bundle, roots)
    checkpoints = _read_checkpoints(bundle)
    journal = _check_journal(bundle, checkpoints, with_items=shows_images)
    check_checkpoints(checkpoints, journal)
    if chain is not None:
        check_end(chain, journal)
    _check_digests(bundle, journal)
    images = ShownImages()
    absent = _check_texts(bundle, journal, images)
    if absent:
        messages.append(f"{absent} texts (samples, model outputs) are withheld; their digests are sealed")
    if not_here := _check_images(bundle, journal, images):
        messages.append(f"{not_here} images are withheld; the samples that show them name their digests")
    return Integrity(
        signed_by="" if bundle.signer is None else bundle.signer.keyid,
        trusted=is_trusted,
        records=journal.records,
        segments=len(journal.segments),
        root=journal.root,
        answers=journal.answers,
        answers_root=journal.answers_root,
        texts=f"withheld {absent}" if absent else "all",
        messages=tuple(messages),
        bundle=bundle,
        chain=chain,
        stamp=stamp,
        stamp_checked=is_checked,
    )


def _check_stamp_signature(bundle: Bundle, roots: Sequence[x509.Certificate]) -> bool:
    """Whether the stamp's signature was checked: only where the reader trusts a root."""
    if not roots:
        return False
    from steelyard.evidence.timestamp_signature import check_signature

    check_signature(layout.read_bounded(bundle.path, layout.TIMESTAMP, MAX_STAMP_BYTES), roots, layout.TIMESTAMP)
    return True


# ── the seal ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge_signer(bundle: Bundle, trusted: SSlibKey | None, *, require_key: bool) -> tuple[bool, str]:
    keyid = "" if bundle.signer is None else bundle.signer.keyid
    is_trusted = trusted is not None and keyid == trusted.keyid
    if require_key and trusted is not None and not is_trusted:
        found = f"signed by key {keyid}" if keyid else "not signed"
        raise VerificationError(f"{layout.BUNDLE}: {found}; required is a signature by key {trusted.keyid}")
    if not keyid:
        return False, "not signed: nothing was changed since it was sealed, but anyone could have sealed it again"
    return is_trusted, signature_words(keyid, trusted=is_trusted)


# ── what it names ───────────────────────────────────────────────────────────────────────────────────────────────────


def _check_names(bundle: Bundle) -> None:
    litter = []
    for name in layout.run_files(bundle.path):
        if layout.is_litter(name) and name not in bundle.subjects:
            litter.append(name)
            continue
        outside = layout.is_derived(name) or layout.is_media(name) or name == layout.BUNDLE
        withheld = bundle.withheld and layout.is_text(name) and layout.is_sealable(name)
        if not outside and not withheld and name not in bundle.subjects:
            raise VerificationError(f"{name}: was added: the seal does not name it")
    if litter:
        raise InputError(
            f"{', '.join(litter[:5])}: the operating system left this here, and it is not part of the evidence: delete "
            "it, and verify again",
            where=bundle.path,
        )


def _check_plan(bundle: Bundle) -> tuple[list[str], bool]:
    """Sentences for the reader, and whether the plan asks samples that show images."""
    data = layout.read_bounded(bundle.path, layout.PLAN, MAX_ENVELOPE_BYTES)
    document, envelope = open_envelope(data, layout.PLAN)
    plan = plan_in(document, layout.PLAN)
    if sha256_hex(data) != bundle.subjects[layout.PLAN]:
        raise _changed(layout.PLAN)
    if sha256_hex(envelope.payload) != bundle.predicate["plan"]:
        raise VerificationError(f"{layout.PLAN}: not the plan that the seal names")
    if texts_of(plan) != bundle.predicate["texts"]:
        raise VerificationError(f"{layout.BUNDLE}: the plan says texts are {texts_of(plan)!r}, the seal says otherwise")
    if envelope.signatures:
        if bundle.signer is None:
            raise VerificationError(
                f"{layout.BUNDLE}: not signed, while the plan is, by key {min(envelope.signatures)}"
            )
        check_signed(envelope, bundle.signer, layout.PLAN)
        return [], plan_shows_images(plan)
    if "questions" in plan and any("order_proof" in each for each in _questions(plan)):
        raise VerificationError(
            f"{layout.PLAN}: its order of samples was fixed with a key, but its signature is missing"
        )
    said = [] if bundle.signer is None else ["the plan itself is not signed: its date rests on the seal alone"]
    return said, plan_shows_images(plan)


def _questions(plan: dict[str, Any]) -> list[dict[str, Any]]:
    questions = plan["questions"]
    return [each for each in questions.values() if isinstance(each, dict)] if isinstance(questions, dict) else []


def _check_journal(bundle: Bundle, checkpoints: list[Checkpoint], *, with_items: bool) -> JournalCommitment:
    sealed = bundle.predicate["journal"]
    segments: dict[str, dict[str, Any]] = sealed["segments"]
    if segments.keys() != {name for name in bundle.subjects if layout.is_journal(name)}:
        raise VerificationError(f"{layout.BUNDLE}: names other segments of the journal than it has digests of")
    if layout.MAIN_SEGMENT not in segments:
        raise VerificationError(f"{layout.BUNDLE}: does not name {layout.MAIN_SEGMENT}")
    heads = {name: segment["head"] for name, segment in segments.items()}
    journal = read_journal(bundle.path, segments, sizes_of(checkpoints), heads, with_items=with_items)
    for name, segment in journal.segments.items():
        _check_end(name, segment, segments[name])
    if (journal.records, journal.root) != (sealed["records"], sealed["root"]):
        raise VerificationError(
            f"{layout.BUNDLE}: the Merkle root over all {journal.records} records is not the one sealed"
        )
    if journal.plan != bundle.predicate["plan"]:
        raise VerificationError(f"{layout.MAIN_SEGMENT} line 1 (record 0): names another plan than the one sealed")
    answers = bundle.predicate["answers"]
    if (journal.answers, journal.answers_root) != (answers["count"], answers["root"]):
        raise VerificationError(
            f"{layout.BUNDLE}: the root over the {journal.answers} finished calls is not the one sealed"
        )
    return journal


def _read_checkpoints(bundle: Bundle) -> list[Checkpoint]:
    if layout.CHECKPOINTS not in bundle.subjects:
        return []
    if layout.digest_and_lines(bundle.path, layout.CHECKPOINTS)[0] != bundle.subjects[layout.CHECKPOINTS]:
        raise _changed(layout.CHECKPOINTS)
    return read_checkpoints(bundle.path, bundle.signer)


def _check_end(name: str, segment: Segment, sealed: dict[str, Any]) -> None:
    if segment.records != sealed["records"]:
        raise VerificationError(
            f"{name}: the journal ends after {segment.records} records; {sealed['records']} were sealed"
        )
    if segment.head != sealed["head"]:
        raise VerificationError(
            f"{name}: its last record ({segment.records - 1}) was changed: it is not the one sealed"
        )


# ── every other file ────────────────────────────────────────────────────────────────────────────────────────────────


def _check_digests(bundle: Bundle, journal: JournalCommitment) -> None:
    for name, sealed in bundle.subjects.items():
        if layout.is_text(name):
            continue  # read line by line, later
        if name in journal.segments:
            digest, count = journal.segments[name].digest, 0
        else:
            digest, count = layout.digest_and_lines(bundle.path, name)
        if digest != sealed:
            raise _changed(name)
        if name == layout.SCORES and count != bundle.predicate["scores"]:
            raise VerificationError(f"{name}: holds {count} scores; the seal says {bundle.predicate['scores']}")


def _changed(name: str) -> VerificationError:
    return VerificationError(f"{name}: was changed: its SHA-256 is not the one sealed")


def _check_texts(bundle: Bundle, journal: JournalCommitment, images: ShownImages) -> int:
    """Check every text that is here against its digest; the number that the journal refers to and that are not.

    ``images`` takes each text, for what it shows.
    """
    found = DigestSet()
    here = {name for name in layout.run_files(bundle.path) if layout.is_text(name)}
    for name in sorted({name for name in bundle.subjects if layout.is_text(name)} - here):
        raise VerificationError(f"{name}: missing: {TEXTS_NEEDED}")
    for name in sorted(here | {name for name in bundle.subjects if layout.is_text(name)}):
        digest = hashlib.sha256()
        with layout.open_regular(bundle.path, name) as file:
            for number, line in enumerate(layout.lines(file, name), 1):
                digest.update(line)
                try:
                    text_digest, text = _text_in(line)
                except ValueError as error:
                    raise VerificationError(f"{name} line {number}: {error}") from None
                found.add(text_digest)
                images.take(text_digest, text)
        if not bundle.withheld and digest.hexdigest() != bundle.subjects[name]:
            raise _changed(name)
    first, absent = b"", 0
    for missing in journal.texts.without(found):
        first = first or missing
        absent += 1
    if absent and not bundle.withheld:
        raise VerificationError(
            f"{layout.TEXTS}: {absent} texts are missing, such as the one with SHA-256 {first.hex()}: {TEXTS_NEEDED}"
        )
    return absent


def _check_images(bundle: Bundle, journal: JournalCommitment, images: ShownImages) -> int:
    """Check every image that is here; the number that the samples show and that are not."""
    absent, first = images.check(bundle.path, journal.items)
    if absent and not bundle.withheld:
        raise VerificationError(
            f"{layout.MEDIA}: {absent} images are missing, such as the one with SHA-256 {first}: {TEXTS_NEEDED}"
        )
    return absent


def _text_in(line: bytes) -> tuple[bytes, str]:
    # Split by hand, which is faster than parsing JSON: there are two such lines per call.
    start = TEXT_START.match(line)
    if start is None or not line.endswith(b'"}\n'):
        raise ValueError("not a text with its digest")
    text = parse_canonical(line[start.end() : -2])
    digest = hashlib.sha256(text.encode())
    if digest.hexdigest() != start[1].decode():
        raise ValueError("this text does not have the SHA-256 that it is filed under")
    return digest.digest(), text
