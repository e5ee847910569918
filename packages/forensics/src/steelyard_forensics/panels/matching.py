"""Which runs of a panel can be held beside a tested model's: the same samples on both sides, in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steelyard.errors import InputError, VerificationError
from steelyard.util.text import one_line
from steelyard_forensics.panels.extracts import side_digest
from steelyard_forensics.panels.record import Detection, LeftOut, PanelEntry, ReadRun, Side
from steelyard_forensics.panels.twin_gap import Arm, Scores, TwinScores, arms_of

__all__ = ["Asked", "check_sorted", "chosen_sides", "sides_of", "sorted_entries", "twin_scores"]


@dataclass(frozen=True)
class Asked:
    """The two sides of a test: the public samples and the twins."""

    public: Side
    twins: Side

    @property
    def both(self) -> tuple[Side, Side]:
        """Public samples first."""
        return self.public, self.twins


def chosen_sides(public: Mapping[str, Side], twins: Mapping[str, Side], task: str, twin_task: str) -> Asked:
    """The side with the public samples of one run, and that with the twins of another, or of the same.

    ``task`` and ``twin_task`` choose where a run has several. Raises InputError where none or several are left, and
    where both are of the same samples.
    """
    twin_side = _one(twins, twin_task, "--twin-task", "twins", set())
    public_side = _one(public, task, "--task", "public samples", {twin_side.task} if not task else set())
    if public_side.items == twin_side.items:
        raise InputError(
            f"the public samples and the twins are both {one_line(twin_side.task, 80)}: name two tasks (--task, "
            "--twin-task), or the run of the twins (--twins)"
        )
    return Asked(public_side, twin_side)


def sides_of(tested: Sequence[ReadRun], settings: Mapping[str, str]) -> Asked:
    """The sides that a sealed result chose of the tested model's runs; raises as :func:`chosen_sides`."""
    sides = {f"{run.extract} {name}": side for run in tested for name, side in run.sides.items()}
    return chosen_sides(sides, sides, settings["task"], settings["twin_task"])


def _one(sides: Mapping[str, Side], task: str, option: str, what: str, but: set[str]) -> Side:
    found = [each for each in sides.values() if each.task == task or (not task and each.task not in but)]
    named = ", ".join(dict.fromkeys(one_line(each.task, 80) for each in sides.values()))
    if not found:
        raise InputError(f"no task {one_line(task, 80)!r} with the {what} was asked; there are: {named}" if task else
                         f"the run has no task with the {what}; there are: {named}")  # fmt: skip
    if len(found) > 1:
        raise InputError(f"which task has the {what}? Choose by {option}; there are: {named}")
    return found[0]


def sorted_entries(
    entries: Sequence[PanelEntry], asked: Asked, tested: str
) -> tuple[dict[tuple[str, str], list[PanelEntry]], list[LeftOut]]:
    """The runs that are read, by family and model, and those that are left out, with the reasons.

    ``tested`` is the tested model (``subject``). A model is read where its runs have both sides.
    """
    wanted = {side_digest(side): side for side in asked.both}
    by_model: dict[tuple[str, str], list[PanelEntry]] = {}
    left: list[LeftOut] = []
    for each in entries:
        if each.subject == tested:
            left.append(LeftOut(name=each.name, family=each.family, reason="it is of the tested model itself"))
        elif not each.asked.keys() & wanted.keys():
            left.append(LeftOut(name=each.name, family=each.family, reason=_why_not(each, asked)))
        else:
            by_model.setdefault((each.family, each.subject), []).append(each)
    read = {}
    for key, runs in by_model.items():
        missing = [side for digest, side in wanted.items() if not any(digest in each.asked for each in runs)]
        if not missing:
            read[key] = runs
            continue
        reason = f"{one_line(missing[0].task, 80)} was not asked of this model in the same way"
        left += [LeftOut(name=each.name, family=each.family, reason=reason) for each in runs]
    return read, left


def _why_not(entry: PanelEntry, asked: Asked) -> str:
    names = {one_line(each.task, 80) for each in asked.both} & {one_line(name, 80) for name in entry.asked.values()}
    if names:
        return (
            f"{sorted(names)[0]} was asked otherwise: other samples, another prompt, scorer, decoding or limit of an "
            "answer"
        )
    return "it asked neither the public samples nor the twins"


def check_sorted(detection: Detection, entries: Sequence[PanelEntry], where: str) -> None:
    """Raise VerificationError, naming ``where``, unless exactly what had to be was read and left out of ``entries``."""
    asked = sides_of(detection.tested, detection.settings)
    seals = {each.bundle for each in entries}
    if gone := [run.bundle for run in detection.read if run.bundle not in seals]:
        raise VerificationError(f"{where}: does not have the run {gone[0][:16]}, which was read")
    read, left_out = sorted_entries(entries, asked, detection.tested[0].subject)
    wanted = _placed([each for runs in read.values() for each in runs], left_out)
    found = _placed(detection.read, detection.left_out)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            said, had = (one_line(each.get(name, "not in it"), 240) for each in (found, wanted))
            raise VerificationError(f"{where}: the run {name} was {said}; by the panel it is {had}")


def _placed(read: Sequence[PanelEntry | ReadRun], left_out: Sequence[LeftOut]) -> dict[str, str]:
    """What became of each run, by its name."""
    found = {each.bundle[:16]: f"read, in the family {each.family!r}" for each in read}
    return found | {each.name: f"left out, in the family {each.family!r} ({each.reason})" for each in left_out}


def twin_scores(
    runs: Sequence[ReadRun], scores: Mapping[str, Scores], asked: Asked
) -> dict[tuple[str, str], TwinScores]:
    """By family and model, the scores on both sides; a model that lacks one raises ValueError."""
    arms: dict[tuple[str, str], dict[str, Arm]] = {}
    for run in runs:
        model = arms.setdefault((run.family, run.subject), {})
        for side, arm in arms_of(run, scores[run.extract]).values():
            place = {asked.public: "public", asked.twins: "twins"}.get(side)
            if place is None or place in model:
                raise ValueError(f"{run.extract}: a side that is none of the test's, or there twice")
            model[place] = arm
    if incomplete := [key for key, model in arms.items() if len(model) < 2]:
        raise ValueError(f"a model of the family {incomplete[0][0]!r} lacks a side")
    return {
        (family, subject): TwinScores(family, model["public"], model["twins"])
        for (family, subject), model in arms.items()
    }
