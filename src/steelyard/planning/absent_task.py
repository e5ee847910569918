"""A task that a verifier does not have, as far as a sealed plan shows it: what needs its file is taken from the plan.

That is the prompt format with its shots, whether it chats and writes text, its scorer, its chance score, and whether it
is public. Whatever follows from claim and model is derived as for any other task.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.planning.decoding import NO_CHAT, NO_COMPLETIONS, own_limit_in
from steelyard.planning.testable import Skip
from steelyard.records import Capabilities, Claim, Measurement, NotPlanned, Served
from steelyard.tasks.definition import Fields, PromptFormat, TaskDefinition
from steelyard.tasks.protocol import ChosenProtocol
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import StatedShots
from steelyard.tasks.task import Task

__all__ = ["AbsentTask", "RefusedTask"]

_NOT_THE_TASKS = re.compile(r"Scored by .*, which the user chose, not by the task's (.*)\.", re.DOTALL)


class AbsentTask(Task):
    """The task of one request that the plan serves."""

    def __init__(self, served: Served, measurement: Measurement, capabilities: Capabilities, name: str = "") -> None:
        self.served, self._measurement = served, measurement
        definition = TaskDefinition(
            id=name or measurement.task,
            title=name or measurement.task,
            fields=Fields(target="", images=("image",) if measurement.images else ()),
            scorer={},
            prompts={served.prompt: _format(served.differences, measurement, capabilities)},
            default_prompt=served.prompt,
            chance=measurement.chance,
            public=measurement.public,
            average="macro" if served.weights else "",
        )
        super().__init__(definition, Path(layout.PLAN), rows=(), assumed=measurement.how_read, suite=measurement.suite)

    def scorer_identifier(self, prompt_format: str) -> str:
        """The scorer that the plan says to be the task's own."""
        chosen = (_NOT_THE_TASKS.fullmatch(difference) for difference in self.served.differences)
        return next((found[1] for found in chosen if found), self.served.reads.scorer)

    def protocol_for(self, claim: Claim, chosen: str = "", usual: int | None = None) -> ChosenProtocol:
        """The prompt format and the number of shots that the plan seals.

        Raises VerificationError where the plan lets a claim be accused that no task's file lets accuse.
        """
        stated, shown = RequestedProtocol.of_claim(claim).stated_shots, self._measurement.shots
        if not self.served.confirms_only and not _can_be_shown(stated, shown):
            raise VerificationError(
                f"{layout.PLAN}: {self.served.request} may be accused, and its claim states {stated.in_words} worked "
                f"examples where {shown} or more are shown: it may only be confirmed"
            )
        return self._protocol(chosen, None)

    def protocol_of(self, prompt: str = "", shots: int | None = None) -> ChosenProtocol:
        """The prompt format and the number of shots that are asked for, else those that the plan seals."""
        return self._protocol(prompt, shots)

    def prompt_format(self, name: str) -> PromptFormat:
        """The format of this request, whatever it is called."""
        return self.prompts[self.served.prompt]

    def _protocol(self, prompt: str, shots: int | None) -> ChosenProtocol:
        shots = self._measurement.shots if shots is None else shots
        return ChosenProtocol(
            prompt or self.served.prompt,
            shots,
            window=self._measurement.window,
            confirms_only=self.served.confirms_only,
        )


class RefusedTask(Task):
    """The task of one request that the plan refuses, for a reason that only the task's file could show.

    ``asked``: prompt formats and numbers of shots in which the plan asks this task for other requests.
    """

    def __init__(self, name: str, refused: NotPlanned, asked: Collection[tuple[str, int]]) -> None:
        self.refused, self._asked = refused, asked
        definition = TaskDefinition(id=name, title=name, fields=Fields(target=""), scorer={}, prompts={})
        super().__init__(definition, Path(layout.PLAN), rows=())

    def protocol_for(self, claim: Claim, chosen: str = "", usual: int | None = None) -> ChosenProtocol:
        """Raise Skip as the plan says."""
        return self.protocol_of()

    def protocol_of(self, prompt: str = "", shots: int | None = None) -> ChosenProtocol:
        """Raise Skip as the plan says; VerificationError where another reason is given than a task's file gives."""
        request = self.refused.request
        if self.refused.reason.endswith("--accept-model"):
            raise VerificationError(f"{layout.PLAN}: {request} is refused for names that are not those of two models")
        if (prompt, shots) in self._asked:
            raise VerificationError(f"{layout.PLAN}: {request} is refused, and another request asks the same samples")
        raise Skip(self.refused.verdict, self.refused.reason)


def _can_be_shown(stated: StatedShots, shots: int) -> bool:
    """Whether a prompt format with so many shots may show what is stated: its own text may have more, never fewer."""
    own = (0, 1, *(number - shots for number in stated.numbers if number > shots))
    return any(stated.are({shots, shots + more}) for more in own)


def _format(differences: Sequence[str], measurement: Measurement, capabilities: Capabilities) -> PromptFormat:
    offers = capabilities.offers
    return PromptFormat(
        chat=NO_CHAT in differences or (measurement.chat and NO_COMPLETIONS not in differences),
        continuations="choices" if measurement.kind == "loglikelihood" else "",
        # Without the sentence that a limit is another than the format's, it is the format's.
        max_tokens=own_limit_in(differences) or measurement.output_budget or 0,
        needs=measurement.needs or (() if offers is None or "language" in offers else offers),
    )
