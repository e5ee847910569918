"""The folders that ``world:PATH`` opens: one checkpoint, or a family of checkpoints that are claimed together.

A claim such as "needs less data" is about several checkpoints: ours, trained on few frames, and rivals trained on no
fewer. ``family.json`` lists them. Whether a rival is a fair one is checked against the checkpoints' own cards: kind,
world, size, the frames that it saw, and the CPU time of its training.

Each role of a family may have several trainings that differ by their seed. Each then answers its share of the
questions, so that a score is about the recipe and not about the luck of one training; which one answers which question
is drawn by the plan (:mod:`steelyard.planning.turns`), and the order of the list means nothing. Trainings that differ
by more than their seed are refused, since different models under one name would mislead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.turns import digest_of_checkpoints
from steelyard.records import Checkpoint
from steelyard_world.models.card import CARD, Card, read_card

__all__ = ["FAMILY", "Family", "Member", "lines_of", "read_family"]

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
class Member:
    """One checkpoint of a role: its folder, what its card says, and the network that it is.

    ``lines`` are those of its files; :func:`lines_of` gives the same as long as no file changes.
    """

    path: Path
    card: Card
    lines: str
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Family:
    """The members of each role (``world two-room``), in the order of their weights' SHA-256, and their identity.

    ``sha256`` is over all networks and their roles (:func:`steelyard.planning.turns.digest_of_checkpoints`): neither
    names of folders, nor the order of a list, nor the family's own name are in it. ``details`` go into the plan.
    """

    name: str
    members: Mapping[str, tuple[Member, ...]]
    details: Mapping[str, str]

    @property
    def checkpoints(self) -> dict[str, tuple[Checkpoint, ...]]:
        """The networks by role."""
        return {role: tuple(each.checkpoint for each in several) for role, several in sorted(self.members.items())}

    @property
    def sha256(self) -> str:
        """What the family is, whatever it is called."""
        return digest_of_checkpoints(self.checkpoints)


def read_family(folder: Path) -> Family:
    """Read a checkpoint's folder or a family's; raises InputError naming the file, what is wrong, and the fix."""
    if (folder / FAMILY).is_file():
        return _family(folder, _read(folder / FAMILY))
    member = _member(folder, folder)
    if not member.card.world:
        raise InputError(
            "does not name the world of its training: list this checkpoint in a family.json",
            where=folder / CARD,
        )
    return Family(folder.name, {f"world {member.card.world}": (member,)}, _details({"": (member,)}))


def lines_of(folder: Path, checkpoint: Path) -> str:
    """Give what ``sha256sum`` prints, in ``folder``, for a checkpoint's card and tensors; raises InputError."""
    return "".join(
        f"{_digest(folder, checkpoint / name)}  {(checkpoint / name).relative_to(folder).as_posix()}\n"
        for name in sorted(_FILES)
    )


def _family(folder: Path, file: FamilyFile) -> Family:
    if file.format != _FAMILY_FORMAT:
        raise InputError(f"its format is {file.format[:60]!r}, not {_FAMILY_FORMAT!r}", where=folder / FAMILY)
    if not file.worlds:
        raise InputError("names no checkpoint: fill 'worlds'", where=folder / FAMILY)
    roles = {f"world {world}": paths for world, paths in file.worlds.items()}
    for world, few in file.few_frames.items():
        roles[f"few frames {world}"] = few.ours
        roles |= {f"few frames {world} by {rival}": paths for rival, paths in few.rivals.items()}
    members = {role: _trainings(folder, role, paths) for role, paths in roles.items()}
    for role, several in members.items():
        _check_alike(folder, role, several)
    for world, few in file.few_frames.items():
        _check_rivals(folder, world, few, members)
    return Family(file.name, members, _details(members))


def _check_alike(folder: Path, role: str, several: Sequence[Member]) -> None:
    """Expect several trainings of a role to be of one recipe, each with a seed and weights of its own."""
    if len(several) == 1:
        return
    cards = [each.card for each in several]
    seeds = [card.trained.seed for card in cards if card.trained]
    wrong = ""
    if any((card.kind, card.world, card.config) != (cards[0].kind, cards[0].world, cards[0].config) for card in cards):
        wrong = "its trainings differ in kind, world or config: list trainings that differ by their seed alone"
    elif len(set(seeds)) != len(cards):
        wrong = "two of its trainings have the same seed, or none is stated: train each with a --seed of its own"
    elif len({each.checkpoint.sha256 for each in several}) != len(several):
        wrong = "two of its trainings have the same weights: list each training once"
    if wrong:
        raise InputError(f"{role[:80]}: {wrong}", where=folder / FAMILY)


def _check_rivals(folder: Path, world: str, few: FewFrames, members: Mapping[str, Sequence[Member]]) -> None:
    """Refuse rivals of another kind or size, or with less data or training: beating them would show nothing.

    Each training of ours may play against each of the rival's, so all pairs are looked at.
    """
    ours = members[f"few frames {world}"]
    for rival in few.rivals:
        theirs = members[f"few frames {world} by {rival}"]
        wrong = "" if len(theirs) == len(ours) else f"it has {len(theirs)} trainings and ours {len(ours)}"
        wrong = wrong or _first(_unfair(world, rival, one.card, other.card) for one, other in product(ours, theirs))
        if wrong:
            raise InputError(f"few_frames {world[:60]}: {rival[:60]}: {wrong}", where=folder / FAMILY)


def _first(reasons: Iterator[str]) -> str:
    return next((reason for reason in reasons if reason), "")


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
    from steelyard_world.models.baselines.sizes import trained_parameters
    from steelyard_world.models.kinds import config_of

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


def _details(members: Mapping[str, Sequence[Member]]) -> dict[str, str]:
    """What a plan says of each role beside its networks: the world, and how many different frames each training saw."""
    found = {}
    for role, several in sorted(members.items()):
        worlds = dict.fromkeys(each.card.world or "video" for each in several)
        found[f"trained in {role}".strip()] = ", ".join(worlds)
        if all(each.card.trained for each in several):
            frames = dict.fromkeys(_count(_frames(each.card)) for each in several)
            found[f"different frames {role}".strip()] = ", ".join(frames)
    return found


def _count(frames: int | None) -> str:
    return "an unstated number of" if frames is None else str(frames)


def _trainings(folder: Path, role: str, paths: Paths) -> tuple[Member, ...]:
    """The trainings of a role; raises InputError where there is none, or one is listed twice."""
    listed = _listed(paths)
    if not listed or len(set(listed)) != len(listed) or len(listed) > _MAX_TRAININGS:
        raise InputError(
            f"{role[:80]}: give one path, or a list of up to {_MAX_TRAININGS} paths, each once", where=folder / FAMILY
        )
    members = [_member(folder, _inside(folder, path)) for path in listed]
    return tuple(sorted(members, key=lambda each: each.checkpoint.sha256))


def _listed(paths: Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


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


def _member(folder: Path, path: Path) -> Member:
    card = _card(path)
    weights = _digest(folder, path / TENSORS)
    return Member(path, card, lines_of(folder, path), _network(weights, card, path))


def _network(weights: str, card: Card, path: Path) -> Checkpoint:
    """The network of a card: its weights, and by ``config`` whatever else decides an answer."""
    from steelyard_world.models.baselines.sizes import trained_parameters
    from steelyard_world.models.kinds import config_of

    decides = {"kind": card.kind, "config": card.config, "size": card.action_size, "limit": card.action_limit}
    try:
        config = sha256_hex(canonical(decides))
        parameters = trained_parameters(card.kind, config_of(card.kind, card.config))
    except InputError:
        raise
    except Exception as error:  # an untrusted config may fail in any way while a network is made of it
        reason = (str(error).splitlines() or [""])[0][:200]
        raise InputError(f"no model can be made from it ({type(error).__name__}: {reason})", where=path) from error
    return Checkpoint(sha256=weights, config=config, kind=card.kind, parameters=parameters)


def _card(folder: Path) -> Card:
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


def _digest(folder: Path, path: Path) -> str:
    from steelyard.models.embedded_file import sha256_of_file

    try:
        return sha256_of_file(path)
    except OSError as error:
        raise InputError(f"a file of it cannot be read ({error.strerror})", where=folder) from None
