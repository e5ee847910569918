"""Which of a task's declared prompt formats a claim means, and what stays different from what the vendor says."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from steelyard.records import Claim
from steelyard.tasks.definition import PromptFormat, TaskDefinition

__all__ = ["ChosenProtocol", "RequestedProtocol", "choose_protocol"]


class RequestedProtocol(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of how to ask: by a vendor of a claim, or by a user who names a prompt format."""

    task: str = ""
    variant: str = ""
    metric: str = ""
    prompt: str = ""
    harness: str = ""
    shots: int | None = None

    @classmethod
    def of_claim(cls, claim: Claim) -> RequestedProtocol:
        """What a claim says."""
        return cls(
            task=claim.task,
            variant=claim.variant,
            metric=claim.metric,
            prompt=claim.protocol.prompt,
            harness=claim.protocol.harness,
            shots=claim.shots,
        )


class ChosenProtocol(msgspec.Struct, frozen=True):
    """The prompt format, the number of shots, and in sentences how this differs from the vendor's own way of asking.

    ``refused`` says why the claim is about a measure that no prompt format gives; empty where the claim can be tested.
    """

    prompt: str
    shots: int
    differences: tuple[str, ...] = ()
    refused: str = ""


def choose_protocol(definition: TaskDefinition, said: RequestedProtocol) -> ChosenProtocol:
    """Choose by what prompt, metric and harness say, in this order of weight; else the task's default."""
    named = _by_name(definition, said.prompt)
    name = named or _best(definition, (said.prompt, said.metric, said.harness)) or definition.default_prompt
    prompt_format = definition.prompts[name]
    differences = list(prompt_format.differences)
    if _is_more_than_shots(said.prompt) and not named and not _matches(said.prompt, name, prompt_format):
        differences.append(
            f"The vendor's prompt ({said.prompt[:80]!r}) is none of the declared prompts: asked as {name!r}."
        )
    shots, remark = _shots(definition, prompt_format, said)
    differences += [remark] if remark else []
    return ChosenProtocol(name, shots, tuple(differences), _refused(definition, said, bool(named)))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


def _is_more_than_shots(said: str) -> bool:
    """Whether a prompt is described at all: "5-shot" only repeats the number of worked examples."""
    return bool(_words(re.sub(r"\b\w+[- ]shots?\b", "", said)))


def _by_name(definition: TaskDefinition, said: str) -> str:
    """A prompt format that is named outright: a sheet may use Steelyard's own names."""
    return next((name for name in definition.prompts if _words(name) == _words(said)), "")


def _matches(said: str, name: str, prompt_format: PromptFormat) -> int:
    """The length in words of the longest of the format's phrases that stands in what was said; 0 where none does."""
    return _longest(said, (name, *prompt_format.words))


def _longest(said: str, phrases: Iterable[str]) -> int:
    text = f" {' '.join(_words(said))} "
    plain = [" ".join(_words(phrase)) for phrase in phrases]
    return max((len(phrase.split()) for phrase in plain if phrase and f" {phrase} " in text), default=0)


def _refused(definition: TaskDefinition, said: RequestedProtocol, named: bool) -> str:
    """Why no prompt format can test this claim; empty where one can. One that is ``named`` says which measure."""
    sayings = (said.task, said.variant, said.metric, said.prompt)
    for refusal in definition.refused:
        if any(_longest(saying, refusal.words) for saying in sayings):
            return refusal.why
        if refusal.unless and not named and not any(_longest(saying, refusal.unless) for saying in sayings):
            return refusal.why
    return ""


def _best(definition: TaskDefinition, sayings: tuple[str, ...]) -> str:
    """The format that most is said for: a longer phrase outweighs a shorter one, the prompt metric and harness."""
    scores = {
        name: tuple(_matches(said, name, prompt_format) for said in sayings)
        for name, prompt_format in definition.prompts.items()
    }
    best = max(scores, key=lambda name: scores[name])
    return best if any(scores[best]) else ""


def _shots(definition: TaskDefinition, prompt_format: PromptFormat, said: RequestedProtocol) -> tuple[int, str]:
    own = definition.shots.count if prompt_format.shots is None else prompt_format.shots
    if "shots" not in prompt_format.prefix:  # it shows none, whatever the task declares
        own, remark = 0, f"The vendor showed {said.shots} worked examples; this way of asking shows none."
        return own, remark if said.shots else ""
    if said.shots is None or said.shots == own:
        return own, ""
    shots = definition.shots
    if said.shots == 0 or shots.split or shots.seed or shots.file:
        return said.shots, ""
    return own, f"The vendor showed {said.shots} worked examples; this task declares none, so {own} are shown."
