"""The folders that ``world:PATH`` opens: one checkpoint, or a family of checkpoints that are claimed together.

A claim such as "needs less data" is about several checkpoints: ours, trained on few frames, and rivals trained on no
fewer. ``family.json`` says which is which; the audit holds the frames that it states against the checkpoints' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from assay.errors import InputError
from assay.evidence.canonical import sha256_hex
from assay.worldmodel.card import CARD, Card, read_card

__all__ = ["FAMILY", "Family", "read_family"]

FAMILY = "family.json"
TENSORS = "model.safetensors"
_FAMILY_FORMAT = "assay-world-family/1"
MOST_BYTES = 1 << 20


class FewFrames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Checkpoints that saw little: ours, and by name its rivals, each of which saw no less."""

    ours: str
    rivals: dict[str, str]


class FamilyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``family.json``. Every path is relative to the folder and stays inside it."""

    format: str
    name: str
    worlds: dict[str, str]
    few_frames: dict[str, FewFrames] = {}


@dataclass(frozen=True)
class Family:
    """Checkpoint folders by role (``world two-room``), and what makes them these and no others.

    ``sha256`` is over the lines ``SHA256  PATH`` of every file that decides an answer, sorted by path: what
    ``sha256sum`` prints. ``details`` go into the plan.
    """

    name: str
    members: Mapping[str, Path]
    sha256: str
    details: Mapping[str, str]


def read_family(folder: Path) -> Family:
    """Read a checkpoint's folder or a family's; raises InputError naming the file, what is wrong, and the mend."""
    if (folder / FAMILY).is_file():
        return _family(folder, _read(folder / FAMILY))
    checkpoint = _checkpoint(folder)
    if not checkpoint.world:
        raise InputError(
            "says of no world that it was trained in it: name this checkpoint in a family.json",
            where=folder / CARD,
        )
    details = {"kind": checkpoint.kind, **_frames_of({"": checkpoint})}
    return Family(folder.name, {f"world {checkpoint.world}": folder}, _sha256(folder, {folder}), details)


def _family(folder: Path, file: FamilyFile) -> Family:
    if file.format != _FAMILY_FORMAT:
        raise InputError(f"its format is {file.format[:60]!r}, not {_FAMILY_FORMAT!r}", where=folder / FAMILY)
    if not file.worlds:
        raise InputError("names no checkpoint for any world: fill 'worlds'", where=folder / FAMILY)
    members = {f"world {world}": _inside(folder, path) for world, path in file.worlds.items()}
    for world, few in file.few_frames.items():
        members[f"few frames {world}"] = _inside(folder, few.ours)
        for rival, path in few.rivals.items():
            members[f"few frames {world} by {rival}"] = _inside(folder, path)
    checkpoints = {role: _checkpoint(path) for role, path in members.items()}
    for world, few in file.few_frames.items():
        _check_frames(folder, world, few, checkpoints)
    kinds = (
        f"{role}: {checkpoint.kind} of {checkpoint.world or 'video'}"
        for role, checkpoint in sorted(checkpoints.items())
    )
    return Family(
        file.name,
        members,
        _sha256(folder, set(members.values())),
        {"kinds": ", ".join(kinds), **_frames_of(checkpoints)},
    )


def _check_frames(folder: Path, world: str, few: FewFrames, checkpoints: Mapping[str, Card]) -> None:
    """A rival that saw fewer proves nothing of needing less: refused before anything is asked."""
    ours = _frames(checkpoints[f"few frames {world}"])
    for rival in few.rivals:
        theirs = _frames(checkpoints[f"few frames {world} by {rival}"])
        if ours is None or theirs is None or ours > theirs:
            raise InputError(
                f"few_frames {world}: ours saw {_count(ours)} different frames and {rival} {_count(theirs)}: a rival "
                "must have seen at least as many, and both checkpoints must say how many",
                where=folder / FAMILY,
            )


def _frames(checkpoint: Card) -> int | None:
    """How many different frames it saw: those of its pool of episodes, however often each came; None if unstated."""
    if checkpoint.trained is None:
        return None
    source = checkpoint.trained.source
    pool, length = source.get("pool", ""), source.get("length", "")
    if pool.isdecimal() and length.isdecimal():
        return min(checkpoint.trained.frames, int(pool) * int(length))
    return checkpoint.trained.frames


def _frames_of(checkpoints: Mapping[str, Card]) -> dict[str, str]:
    return {
        f"different frames {role}".strip(): _count(_frames(checkpoint))
        for role, checkpoint in sorted(checkpoints.items())
        if checkpoint.trained
    }


def _count(frames: int | None) -> str:
    return "an unstated number of" if frames is None else str(frames)


def _inside(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        raise InputError(f"{path[:80]!r} is no path inside the family's folder", where=folder / FAMILY)
    return folder / parts


def _checkpoint(folder: Path) -> Card:
    checkpoint = read_card(folder)
    if not (folder / TENSORS).is_file():
        raise InputError(f"has no {TENSORS}: the training did not end, or a file was left behind", where=folder)
    return checkpoint


def _read(path: Path) -> FamilyFile:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MOST_BYTES:
        raise InputError("larger than a MiB: this describes no family", where=path)
    try:
        return msgspec.json.decode(data, type=FamilyFile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"describes no family: {error}", where=path) from None


def _sha256(folder: Path, members: set[Path]) -> str:
    from assay.models.embedded_file import sha256_of_file

    files = {path / name for path in members for name in (CARD, TENSORS)}
    if (folder / FAMILY).is_file():
        files.add(folder / FAMILY)
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    lines = [f"{sha256_of_file(path)}  {name}\n" for name, path in named]
    return sha256_hex("".join(lines).encode())
