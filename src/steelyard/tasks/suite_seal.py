"""The seal of one version of a suite: what it holds, and which items are released and which are kept back.

``seals/VERSION.dsse.json`` is a signed statement over the items' digests. The split follows from the key's verifiable
random function of the version's digest, so that whoever seals cannot draw it again; without a key it is random, and
whoever sealed could have chosen it. The kept part is divided into checks: each is asked once of a recipient
(``steelyard suite check``), and counts as released to it from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.evidence.envelope import check_signature, open_envelope
from steelyard.evidence.keys import public_key
from steelyard.evidence.merkle import root
from steelyard.evidence.order import split_output
from steelyard.evidence.timestamp import MAX_STAMP_BYTES, Stamp, stamp_of
from steelyard.records.record import Record
from steelyard.util.addresses import normal_endpoints
from steelyard.util.bounded_fraction import bounded_fraction

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["SEALS", "SUITE_FORMAT", "SUITE_PREDICATE", "Parts", "SuiteSeal", "items_root", "parts_of", "read_seal",
           "read_seal_stamp", "seal_path", "split_seed", "stamp_path"]  # fmt: skip

SEALS: Final = "seals"
SUITE_FORMAT: Final = "steelyard-suite/1"
SUITE_PREDICATE: Final = "urn:steelyard:predicate:suite:v1"
MAX_SEAL_BYTES: Final = 1_000_000


class SuiteSeal(Record, frozen=True, kw_only=True):
    """What is sealed of a version: its digest, the Merkle root of its items' digests, and how it is split.

    ``variants`` counts the items' variants, whose digests are under the root too. ``addresses``, in normal form and in
    order, are those for which variants are drawn; no check by variants is of another one. ``share`` of the items is
    released, the rest divided into ``checks``. ``signer`` is the public key, in hexadecimal digits, and ``proof`` that
    of its split; without a key both are empty and ``seed`` was drawn at random.
    """

    format: Literal["steelyard-suite/1"]
    suite: str
    version: int
    digest: str
    items: int
    variants: int = 0
    addresses: tuple[str, ...] = ()
    root: str
    share: str
    checks: int
    at: str
    signer: str = ""
    proof: str = ""
    seed: str = ""


@dataclass(frozen=True)
class Parts:
    """The ids of a sealed suite's items: those that are released, and those of each check."""

    released: frozenset[str]
    checks: tuple[frozenset[str], ...]


def seal_path(folder: Path, version: int) -> Path:
    """Where the seal of a version is."""
    return folder / SEALS / f"{version}.dsse.json"


def stamp_path(folder: Path, version: int) -> Path:
    """Where the time stamp of a version's seal is, if it has one."""
    return folder / SEALS / f"{version}.tsr"


def read_seal_stamp(folder: Path, version: int, roots: Sequence[x509.Certificate] = ()) -> Stamp | None:
    """The time stamp of a version's seal; None where it has none.

    Raises VerificationError for what is no time stamp of this seal, and where ``roots`` are given for one that none of
    them signed.
    """
    path = stamp_path(folder, version)
    if not path.is_file():
        return None
    data, sealed = (
        _read(each, limit) for each, limit in ((path, MAX_STAMP_BYTES), (seal_path(folder, version), MAX_SEAL_BYTES))
    )
    stamp = stamp_of(data, str(path))
    if stamp.imprint != sha256(sealed).digest():
        raise VerificationError(f"{path}: is not of the seal beside it")
    if roots:
        from steelyard.evidence.timestamp_signature import check_signature as check_stamp_signature

        check_stamp_signature(data, roots, str(path))
    return stamp


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise VerificationError(f"{path}: larger than {limit:,} bytes")
    return data


def items_root(digests: Collection[str], variants: Collection[str] = ()) -> str:
    """The Merkle root (RFC 9162) of the digests of items, and after them of their variants, each sorted."""
    return root(digest.encode() for digest in (*sorted(digests), *sorted(variants))).hex()


def read_seal(folder: Path, version: int, digest: str) -> SuiteSeal | None:
    """The seal of a version, whose digest is now ``digest``; None where it is not sealed.

    Raises InputError where the items are no longer those that were sealed, VerificationError for what is no seal.
    """
    path = seal_path(folder, version)
    if not path.is_file():
        return None
    data = _read(path, MAX_SEAL_BYTES)
    document, envelope = open_envelope(data, path)
    if document["predicateType"] != SUITE_PREDICATE:
        raise VerificationError(f"{path}: not the seal of a suite")
    try:
        seal = msgspec.convert(document["predicate"], SuiteSeal)
    except msgspec.ValidationError as error:
        raise VerificationError(f"{path}: not the seal of a suite: {error}") from None
    if without_defaults(seal) != document["predicate"]:
        raise VerificationError(f"{path}: spells out a field that equals its default")
    try:
        if seal.signer and not check_signature(envelope, public_key(seal.signer)):
            raise VerificationError(f"{path}: is not signed by the key that it names")
        _check_split(seal, path)
    except ValueError as error:
        raise VerificationError(f"{path}: not the seal of a suite: {error}") from None
    if (seal.version, seal.digest) != (version, digest):
        raise InputError(
            f"version {version} is sealed, and what it asks has changed since: put it back, or raise 'version' in "
            "suite.yaml",
            where=folder,
        )
    return seal


def _check_split(seal: SuiteSeal, path: Path) -> None:
    if bool(seal.signer) != bool(seal.proof) or bool(seal.proof) == bool(seal.seed):
        raise VerificationError(f"{path}: its split follows from a key's proof, or from a random seed")
    if seal.signer and split_output(public_key(seal.signer), seal.digest, seal.proof) is None:
        raise VerificationError(f"{path}: its split does not follow from its key")
    if not 0 < bounded_fraction(seal.share) < 1 or not 1 <= seal.checks <= seal.items:
        raise VerificationError(f"{path}: no such split")
    if bool(seal.addresses) != bool(seal.variants) or seal.addresses != normal_endpoints(seal.addresses):
        raise VerificationError(f"{path}: the addresses that variants are drawn for are each there once, in order")


def split_seed(seal: SuiteSeal) -> str:
    """What the split follows from: the output of the key's function, or without a key the random seed."""
    if not seal.signer:
        return seal.seed
    return split_output(public_key(seal.signer), seal.digest, seal.proof) or ""


def parts_of(seal: SuiteSeal, ids: Collection[str]) -> Parts:
    """The parts of the suite whose items have these ids: an order by the split's seed, cut at the share."""
    seed = split_seed(seal)
    ordered = sorted(ids, key=lambda each: sha256(canonical({"item": each, "seed": seed})).digest())
    released = round(len(ordered) * bounded_fraction(seal.share))
    kept = ordered[released:]
    size = len(kept) / seal.checks
    cuts = [round(size * number) for number in range(seal.checks + 1)]
    checks = tuple(frozenset(kept[first:last]) for first, last in pairwise(cuts))
    return Parts(frozenset(ordered[:released]), checks)
