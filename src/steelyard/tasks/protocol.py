"""Which of a task's declared cells a vendor's claim means, and what stays different from what the vendor says."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from steelyard.records import Claim
from steelyard.tasks.definition import PromptFormat, TaskDefinition

__all__ = ["ChosenProtocol", "choose_protocol"]


class ChosenProtocol(msgspec.Struct, frozen=True):
    """The cell, the number of shots, and in sentences how this differs from the vendor's own way of asking.

    ``refused`` says why the claim is about a measure that no cell gives; it is empty where the claim can be tested.
    """

    cell: str
    shots: int
    differences: tuple[str, ...] = ()
    refused: str = ""


def choose_protocol(definition: TaskDefinition, claim: Claim) -> ChosenProtocol:
    """Choose by what the claim's prompt, metric and harness say, in this order of weight; else the default cell."""
    said = claim.protocol
    named = _by_name(definition, said.prompt)
    name = named or _best(definition, (said.prompt, claim.metric, said.harness)) or definition.default_cell
    cell = definition.cells[name]
    differences = list(cell.differences)
    if _is_more_than_shots(said.prompt) and not named and not _matches(said.prompt, name, cell):
        differences.append(
            f"The vendor's prompt ({said.prompt[:80]!r}) is none of the declared cells: asked as {name!r}."
        )
    shots, remark = _shots(definition, cell, claim)
    differences += [remark] if remark else []
    return ChosenProtocol(name, shots, tuple(differences), _refused(definition, claim, bool(named)))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


def _is_more_than_shots(said: str) -> bool:
    """Whether a prompt is described at all: "5-shot" only repeats the number of worked examples."""
    return bool(_words(re.sub(r"\b\w+[- ]shots?\b", "", said)))


def _by_name(definition: TaskDefinition, said: str) -> str:
    """A cell that is named outright: a sheet may use Steelyard's own names."""
    return next((name for name in definition.cells if _words(name) == _words(said)), "")


def _matches(said: str, name: str, cell: PromptFormat) -> int:
    """The length in words of the longest of the cell's phrases that stands in what was said; 0 where none does."""
    return _longest(said, (name, *cell.words))


def _longest(said: str, phrases: Iterable[str]) -> int:
    text = f" {' '.join(_words(said))} "
    plain = [" ".join(_words(phrase)) for phrase in phrases]
    return max((len(phrase.split()) for phrase in plain if phrase and f" {phrase} " in text), default=0)


def _refused(definition: TaskDefinition, claim: Claim, named: bool) -> str:
    """Why no cell can test this claim; empty where one can. A cell that is ``named`` outright says which measure."""
    sayings = (claim.task, claim.variant, claim.metric, claim.protocol.prompt)
    for refusal in definition.refused:
        if any(_longest(saying, refusal.words) for saying in sayings):
            return refusal.why
        if refusal.unless and not named and not any(_longest(saying, refusal.unless) for saying in sayings):
            return refusal.why
    return ""


def _best(definition: TaskDefinition, sayings: tuple[str, ...]) -> str:
    """The cell that most is said for: a longer phrase outweighs a shorter one, the prompt metric and harness."""
    scores = {name: tuple(_matches(said, name, cell) for said in sayings) for name, cell in definition.cells.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if any(scores[best]) else ""


def _shots(definition: TaskDefinition, cell: PromptFormat, claim: Claim) -> tuple[int, str]:
    own = definition.shots.count if cell.shots is None else cell.shots
    if "shots" not in cell.prefix:  # it shows none, whatever the task declares
        own, remark = 0, f"The vendor showed {claim.shots} worked examples; this way of asking shows none."
        return own, remark if claim.shots else ""
    if claim.shots is None or claim.shots == own:
        return own, ""
    shots = definition.shots
    if claim.shots == 0 or shots.split or shots.seed or shots.file:
        return claim.shots, ""
    return own, f"The vendor showed {claim.shots} worked examples; this task declares none, so {own} are shown."
