"""Known difficulties of items (``--difficulty FILE``): the file, and the measurements of a plan that have its items.

A measurement seals all of the file but its digest, which is an input of the plan: so a verifier makes the file's bytes
again. Validity rests on one thing only: that order and difficulties know nothing of each other. The order seed
therefore depends on the difficulties (:func:`steelyard.planning.orders.seed_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex, without_defaults
from steelyard.evidence.forms import is_sha256
from steelyard.records import DIFFICULTY_INPUT, Difficulties, Measurement, PlanInput, PlannedTest
from steelyard.util.text import one_line

__all__ = [
    "FORMAT",
    "USED_BY",
    "digest_of",
    "file_bytes",
    "fingerprint",
    "read_difficulties",
    "why_none",
    "with_difficulties",
]

FORMAT: Final = "steelyard-difficulty/1"
USED_BY: Final = "claim_retest"
_LARGEST: Final = 1_000_000
_MAX_BYTES: Final = 16 << 20
_MAX_MODELS: Final = 1_000_000
_LONGEST: Final = {"task": 120, "by": 80, "panel": 80, "made": 40, "software": 80}


def digest_of(known: Difficulties) -> str:
    """The SHA-256 of the record, which stands in its file beside it and in the inputs of a plan."""
    return sha256_hex(canonical(known))


def fingerprint(known: Difficulties | None) -> str:
    """The SHA-256 of the difficulties alone, on which an order depends; empty for none."""
    return "" if known is None else sha256_hex(canonical(known.odds))


def file_bytes(known: Difficulties) -> bytes:
    """The file: the record with its digest, in canonical JSON."""
    return canonical({"difficulty": without_defaults(known), "sha256": digest_of(known)}) + b"\n"


def read_difficulties(path: Path) -> Difficulties:
    """Read a file of ``steelyard panel difficulty``; raises InputError for anything that it did not write."""
    if path.is_symlink() or not path.is_file():
        raise InputError("is no file of difficulties (steelyard panel difficulty makes one)", where=path)
    try:
        with path.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"is larger than {_MAX_BYTES >> 20} MiB: no file of difficulties is", where=path)
    try:
        found: Any = parse_canonical(data.removesuffix(b"\n"))
        if not isinstance(found, dict) or found.keys() != {"difficulty", "sha256"}:
            raise ValueError("it has not exactly the keys difficulty and sha256")
        known = msgspec.convert(found["difficulty"], Difficulties)
    except (ValueError, RecursionError) as error:
        said = one_line(str(error), 120)
        raise InputError(f"is no file that steelyard panel difficulty wrote: {said}", where=path) from None
    if reason := why_none(known):
        raise InputError(f"is no file of difficulties: {reason}", where=path)
    if found["sha256"] != digest_of(known) or data != file_bytes(known):
        raise InputError("was changed: its sha256 is not that of what is in it. Make it again", where=path)
    return known


def why_none(known: Difficulties) -> str:
    """Why a record, of whoever wrote it, has no difficulties that can be used; empty where it has."""
    if known.format != FORMAT:
        return f"its format is {one_line(known.format, 40)!r}, and {FORMAT} is read here"
    if not all(map(is_sha256, (known.items, known.panel_sha256))):
        return "items or panel_sha256 is no SHA-256"
    if not known.odds or not all(0 <= each <= _LARGEST for each in known.odds) or not any(known.odds):
        return f"odds are not all within 0 … {_LARGEST}, or none is known"
    if not 1 <= known.families <= known.models <= _MAX_MODELS:
        return "models and families are no counts of a panel"
    for name, longest in _LONGEST.items():
        if getattr(known, name) != one_line(getattr(known, name), longest):
            return f"{name} is no text of one line with at most {longest} characters"
    return ""


def with_difficulties(
    drafts: Sequence[Measurement], tests: Sequence[PlannedTest], files: Sequence[tuple[Path, Difficulties]]
) -> tuple[list[Measurement], dict[str, PlanInput]]:
    """The measurements, those whose claim is tested with the difficulties of their items; and the plan's inputs.

    Raises InputError for a file that is about other items than every claim, and for two about the same.
    """
    tested = {reads.measurement for test in tests if test.rule.startswith(f"{USED_BY}@") for reads in test.reads}
    found, inputs, used = [], {}, set[Path]()
    for draft in drafts:
        fitting = [(path, known) for path, known in files if _is_about(known, draft)]
        if len(fitting) > 1:
            raise InputError(f"is about the same items as {fitting[0][0]}: give one of them", where=fitting[1][0])
        if not fitting or draft.id not in tested or draft.arm:
            found.append(draft)
            continue
        path, known = fitting[0]
        used.add(path)
        found.append(msgspec.structs.replace(draft, difficulties=known))
        inputs[draft.difficulties_input] = PlanInput(kind=DIFFICULTY_INPUT, sha256=digest_of(known))
    for path, known in files:
        if path not in used:
            raise InputError(
                f"has difficulties of {len(known.odds):,} items of {known.task}, and no claim that is tested here is "
                "about exactly these: leave it out, or make it from runs on the same items",
                where=path,
            )
    return found, inputs


def _is_about(known: Difficulties, measurement: Measurement) -> bool:
    return known.items == measurement.items and len(known.odds) == measurement.population
