"""The folders that ``world:PATH`` opens: one checkpoint, or a family of checkpoints that are claimed together.

A claim such as "needs less data" is about several checkpoints: ours, trained on few frames, and rivals trained on no
fewer. ``family.json`` lists them. Whether a rival is a fair one is checked against the checkpoints' own cards: kind,
world, size, the frames that it saw, and the CPU time of its training.

Each role of a family may have several trainings that differ by their seed. Each then answers its share of the
questions (:func:`answering_role`), so that a score is about the recipe and not about the luck of one training.
Trainings that differ by more than their seed are refused, since different models under one name would mislead.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex
from steelyard.world.models.card import CARD, Card, read_card

__all__ = ["FAMILY", "Family", "answering_role", "lines_of", "read_family"]

FAMILY = "family.json"
TENSORS = "model.safetensors"
_FILES = (CARD, TENSORS)
_FAMILY_FORMAT = "steelyard-world-family/1"
MAX_BYTES = 1 << 20
RIVALS = ("pixel", "vq-gpt", "rssm")
MAX_SIZE_DIFFERENCE = 0.05
"""The relative difference in trained parameters that a rival may have."""
MIN_CPU_SHARE = 0.95
"""The least share of our CPU-seconds that a rival's training must have taken."""
_MAX_PATH = 200  # characters
_MAX_DIGITS = 12
_MAX_TRAININGS = 32

Paths = str | tuple[str, ...]
"""The path of one checkpoint, or of several trainings of the same recipe."""


class FewFrames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Checkpoints trained on few frames: ours, and its rivals by kind, each with as many trainings as ours."""

    ours: Paths
    rivals: dict[str, Paths]


class FamilyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``family.json``. Every path is relative to the folder and stays inside it."""

    format: str
    name: str
    worlds: dict[str, Paths]
    few_frames: dict[str, FewFrames] = {}


@dataclass(frozen=True)
class Family:
    """Checkpoint folders by role (``world two-room``; ``world two-room, training 2``), and their identity.

    ``sha256`` is over the lines ``SHA256  PATH`` of every file that decides an answer, sorted by path, as
    ``sha256sum`` prints them. ``details`` go into the plan.
    """

    name: str
    members: Mapping[str, Path]
    sha256: str
    details: Mapping[str, str]
    lines: Mapping[str, str]
    """By role, the lines of its checkpoint's files; :func:`lines_of` gives the same as long as no file changes."""


def read_family(folder: Path) -> Family:
    """Read a checkpoint's folder or a family's; raises InputError naming the file, what is wrong, and the fix."""
    if (folder / FAMILY).is_file():
        return _family(folder, _read(folder / FAMILY))
    checkpoint = _checkpoint(folder)
    if not checkpoint.world:
        raise InputError(
            "does not name the world of its training: list this checkpoint in a family.json",
            where=folder / CARD,
        )
    details = {"kind": checkpoint.kind, **_frames_of({"": checkpoint})}
    return _sealed(folder, folder.name, {f"world {checkpoint.world}": folder}, details)


def answering_role(role: str, seed: int, offered: Container[str]) -> str:
    """Give the training that answers the question with this seed: all take turns, by the seed."""
    count = 1
    while _training(role, count + 1) in offered:
        count += 1
    return _training(role, 1 + seed % count)


def lines_of(folder: Path, checkpoint: Path) -> str:
    """Give what ``sha256sum`` prints, in ``folder``, for a checkpoint's card and tensors; raises InputError."""
    return _lines(folder, {checkpoint / CARD, checkpoint / TENSORS})


def _family(folder: Path, file: FamilyFile) -> Family:
    if file.format != _FAMILY_FORMAT:
        raise InputError(f"its format is {file.format[:60]!r}, not {_FAMILY_FORMAT!r}", where=folder / FAMILY)
    if not file.worlds:
        raise InputError("names no checkpoint: fill 'worlds'", where=folder / FAMILY)
    roles = {f"world {world}": paths for world, paths in file.worlds.items()}
    for world, few in file.few_frames.items():
        roles[f"few frames {world}"] = few.ours
        roles |= {f"few frames {world} by {rival}": paths for rival, paths in few.rivals.items()}
    members: dict[str, Path] = {}
    for role, paths in roles.items():
        members |= _trainings(folder, role, paths)
    checkpoints = {role: _checkpoint(path) for role, path in members.items()}
    for role, paths in roles.items():
        cards = [checkpoints[_training(role, number)] for number in range(1, len(_listed(paths)) + 1)]
        _check_alike(folder, role, cards)
    for world, few in file.few_frames.items():
        _check_rivals(folder, world, few, checkpoints)
    kinds = (
        f"{role}: {checkpoint.kind} of {checkpoint.world or 'video'}"
        for role, checkpoint in sorted(checkpoints.items())
    )
    return _sealed(folder, file.name, members, {"kinds": ", ".join(kinds), **_frames_of(checkpoints)})


def _check_alike(folder: Path, role: str, cards: Sequence[Card]) -> None:
    """Expect several trainings of a role to be of one recipe, each with a seed of its own."""
    if len(cards) == 1:
        return
    seeds = [card.trained.seed for card in cards if card.trained]
    wrong = ""
    if any((card.kind, card.world, card.config) != (cards[0].kind, cards[0].world, cards[0].config) for card in cards):
        wrong = "its trainings differ in kind, world or config: list trainings that differ by their seed alone"
    elif len(set(seeds)) != len(cards):
        wrong = "two of its trainings have the same seed, or none is stated: train each with a --seed of its own"
    if wrong:
        raise InputError(f"{role[:80]}: {wrong}", where=folder / FAMILY)


def _check_rivals(folder: Path, world: str, few: FewFrames, checkpoints: Mapping[str, Card]) -> None:
    """Refuse rivals of another kind or size, or with less data or training: beating them would show nothing."""
    count = len(_listed(few.ours))
    for rival, paths in few.rivals.items():
        wrong = "" if len(_listed(paths)) == count else f"it has {len(_listed(paths))} trainings and ours {count}"
        for number in range(1, count + 1):
            wrong = wrong or _unfair(
                world,
                rival,
                checkpoints[_training(f"few frames {world}", number)],
                checkpoints[_training(f"few frames {world} by {rival}", number)],
            )
        if wrong:
            raise InputError(f"few_frames {world[:60]}: {rival[:60]}: {wrong}", where=folder / FAMILY)


def _unfair(world: str, rival: str, ours: Card, theirs: Card) -> str:
    return (
        _another_kind(rival, theirs)
        or _another_world(world, ours, theirs)
        or _fewer_frames(ours, rival, theirs)
        or _less_training(ours, theirs)
        or _another_size(ours, theirs)
    )


def _another_kind(rival: str, theirs: Card) -> str:
    if rival not in RIVALS:
        return f"not a kind of rival; choose one of {', '.join(RIVALS)}"
    return "" if theirs.kind == rival else f"its checkpoint is of kind {theirs.kind[:60]}: name one of kind {rival}"


def _another_world(world: str, ours: Card, theirs: Card) -> str:
    if ours.world == theirs.world == world:
        return ""
    return f"ours was trained in {_world(ours)} and this one in {_world(theirs)}: both must be trained in {world[:60]}"


def _world(checkpoint: Card) -> str:
    return checkpoint.world[:60] or "no named world"


def _fewer_frames(ours: Card, rival: str, theirs: Card) -> str:
    ours_saw, it_saw = _frames(ours), _frames(theirs)
    if ours_saw is None or it_saw is None or ours_saw > it_saw:
        return (
            f"ours saw {_count(ours_saw)} different frames and {rival} {_count(it_saw)}: a rival must have seen at "
            "least as many, and both checkpoints must say how many"
        )
    return ""


def _less_training(ours: Card, theirs: Card) -> str:
    """Compare the trainings of two cards that both have one."""
    assert ours.trained is not None
    assert theirs.trained is not None
    if ours.trained.collapsed or theirs.trained.collapsed:
        which = "ours" if ours.trained.collapsed else "it"
        return f"{which} collapsed in training: train it again, since only models that learned are compared"
    if theirs.trained.frames < ours.trained.frames:
        return f"it was shown {theirs.trained.frames} frames and ours {ours.trained.frames}: train it on as many"
    if not theirs.trained.cpu_seconds >= MIN_CPU_SHARE * ours.trained.cpu_seconds:
        return (
            f"its training took {theirs.trained.cpu_seconds:.0f} CPU-seconds and ours {ours.trained.cpu_seconds:.0f}: "
            "give it as many"
        )
    return ""


def _another_size(ours: Card, theirs: Card) -> str:
    from steelyard.world.models.baselines.sizes import trained_parameters
    from steelyard.world.models.kinds import config_of

    of_ours, of_it = (trained_parameters(card.kind, config_of(card.kind, card.config)) for card in (ours, theirs))
    if abs(of_it - of_ours) <= MAX_SIZE_DIFFERENCE * of_ours:
        return ""
    return f"it has {of_it:,} trained parameters and ours {of_ours:,}: more than {MAX_SIZE_DIFFERENCE:.0%} apart"


def _frames(checkpoint: Card) -> int | None:
    """Count the different frames that a model saw, those of its pool of episodes; None if unstated."""
    if checkpoint.trained is None:
        return None
    source = checkpoint.trained.source
    pool, length = source.get("pool", ""), source.get("length", "")
    if all(each.isdecimal() and len(each) <= _MAX_DIGITS for each in (pool, length)):
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


def _trainings(folder: Path, role: str, paths: Paths) -> dict[str, Path]:
    """Each training of a role under its own name; raises InputError where there is none, or one is listed twice."""
    listed = _listed(paths)
    if not listed or len(set(listed)) != len(listed) or len(listed) > _MAX_TRAININGS:
        raise InputError(
            f"{role[:80]}: give one path, or a list of up to {_MAX_TRAININGS} paths, each once", where=folder / FAMILY
        )
    return {_training(role, number): _inside(folder, path) for number, path in enumerate(listed, 1)}


def _listed(paths: Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


def _training(role: str, number: int) -> str:
    return role if number == 1 else f"{role}, training {number}"


def _inside(folder: Path, path: str) -> Path:
    """Give a member's path; raises InputError where it, or a file of it, is outside the folder, through links too."""
    parts = PurePosixPath(path)
    written = bool(path) and len(path) <= _MAX_PATH and not parts.is_absolute() and ".." not in parts.parts
    try:
        root = folder.resolve()
        inside = written and all(
            file.resolve().is_relative_to(root)
            for file in (folder / parts, *(folder / parts / name for name in _FILES))
        )
    except (OSError, RuntimeError, ValueError):  # a loop of links; a name that no file can have
        inside = False
    if not inside:
        clipped = path if len(path) <= 80 else f"{path[:80]}…"
        raise InputError(f"{clipped!r} is not a path inside the family's folder", where=folder / FAMILY)
    return folder / parts


def _checkpoint(folder: Path) -> Card:
    try:
        checkpoint = read_card(folder)
        whole = (folder / TENSORS).is_file()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=folder) from None
    if not whole:
        raise InputError(f"has no {TENSORS}: finish the training, or copy the missing file", where=folder)
    return checkpoint


def _read(path: Path) -> FamilyFile:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError("is larger than a MiB: this is not a family file", where=path)
    try:
        return msgspec.json.decode(data, type=FamilyFile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"is not a family file: {error}", where=path) from None


def _sealed(folder: Path, name: str, members: Mapping[str, Path], details: Mapping[str, str]) -> Family:
    files = {path / file for path in members.values() for file in _FILES}
    if (folder / FAMILY).is_file():
        files.add(folder / FAMILY)
    digest = sha256_hex(_lines(folder, files).encode())
    return Family(name, members, digest, details, {role: lines_of(folder, path) for role, path in members.items()})


def _lines(folder: Path, files: set[Path]) -> str:
    from steelyard.models.embedded_file import sha256_of_file

    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    try:
        return "".join(f"{sha256_of_file(path)}  {name}\n" for name, path in named)
    except OSError as error:
        raise InputError(f"a file of it cannot be read ({error.strerror})", where=folder) from None
