"""Sealing a version of a suite, before anyone is tested on it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex, without_defaults
from steelyard.evidence.envelope import seal, statement
from steelyard.evidence.order import Prover
from steelyard.tasks.suite_file import SAMPLES
from steelyard.tasks.suite_seal import (
    SUITE_FORMAT,
    SUITE_PREDICATE,
    SuiteSeal,
    items_root,
    parts_of,
    read_seal,
    seal_path,
    stamp_path,
)
from steelyard.util.addresses import normal_endpoints
from steelyard.util.atomic_file import write_file
from steelyard.util.bounded_fraction import bounded_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.evidence.keys import KeySigner
    from steelyard.evidence.ledger_file import LedgerFile
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["seal_suite"]


def seal_suite(
    suite: SuiteTask,
    signer: KeySigner | None,
    ledger: LedgerFile | None,
    share: str,
    checks: int,
    stamp: Callable[[bytes], bytes] | None = None,
) -> SuiteSeal:
    """Seal the suite's version: signed, with a line in the key's ledger, and split into released and kept items.

    ``share`` (a decimal text) of the items is released, the rest is divided into ``checks``. With variants, the
    endpoints that the suite names are sealed as the addresses for which they are drawn.
    ``stamp`` gets the seal's bytes before anything is written and has an authority date them. Raises InputError for a
    version that is sealed already, for a split that leaves a part empty, for variants that no endpoint could be asked,
    for an image that is not what its name says, and where the folder cannot be written.
    """
    version, path = suite.file.version, seal_path(suite.folder, suite.file.version)
    if path.exists():
        raise InputError(f"version {version} is sealed already: raise 'version' in suite.yaml for another", where=path)
    if suite.variants.lines and not suite.file.endpoints:
        raise InputError(
            "has variants, and names no endpoint that could be asked them: the addresses are sealed with them, so name "
            "those that may see it under 'endpoints' first, or delete variants.jsonl",
            where=suite.where,
        )
    suite.rows.check_images()
    draft = _draft(suite, signer, share, checks)
    parts = parts_of(draft, suite.rows.ids)
    if not parts.released or not all(parts.checks):
        raise InputError(
            f"{len(suite.rows):,} items are too few to release {share} of them and keep {checks} checks of the rest",
            where=suite.folder / SAMPLES,
        )
    data = seal(statement({suite.file.suite: draft.digest}, SUITE_PREDICATE, without_defaults(draft)), signer)
    dated = stamp(data) if stamp is not None else None
    try:
        path.parent.mkdir(exist_ok=True)
        if dated is not None:
            write_file(stamp_path(suite.folder, version), dated)
        if ledger is not None:
            digest = sha256_hex(data)
            ledger.begin("suite", digest, ())
            ledger.end("sealed", digest)
        write_file(path, data)
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=path) from None
    sealed = read_seal(suite.folder, version, suite.suite)
    assert sealed is not None, "it was written"
    return sealed


def _draft(suite: SuiteTask, signer: KeySigner | None, share: str, checks: int) -> SuiteSeal:
    try:
        whole = 0 < bounded_fraction(share) < 1
    except ValueError:
        whole = False
    if not whole or len(share) > 12:
        raise InputError(f"--share {share[:20]!r}: the share that is released is between 0 and 1, as 0.5")
    proof = Prover(signer).split(suite.suite)[0] if signer is not None else ""
    return SuiteSeal(
        format=SUITE_FORMAT,
        suite=suite.file.suite,
        version=suite.file.version,
        digest=suite.suite,
        items=len(suite.rows),
        variants=len(suite.variants.digests),
        addresses=normal_endpoints(suite.file.endpoints) if suite.variants.digests else (),
        root=items_root(suite.rows.digests, suite.variants.digests),
        share=share,
        checks=checks,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        signer=signer.public_key.keyval["public"] if signer is not None else "",
        proof=proof,
        seed="" if proof else sha256_hex(canonical({"split": secrets.token_hex(32)})),
    )
