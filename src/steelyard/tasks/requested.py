"""What a claim states of how it was measured, or what a user asks for."""

from __future__ import annotations

import msgspec

from steelyard.records import Claim
from steelyard.tasks.stated_shots import StatedShots, stated_shots

__all__ = ["RequestedProtocol"]


class RequestedProtocol(msgspec.Struct, frozen=True, kw_only=True):
    """A requested protocol: as a vendor describes it for a claim, or as a user names a prompt format."""

    task: str = ""
    variant: str = ""
    metric: str = ""
    prompt: str = ""
    harness: str = ""
    subset: str = ""
    average: str = ""
    shots: int | None = None
    said: tuple[str, ...] = ()  # what else is said of how it was measured: read for worked examples alone

    @classmethod
    def of_claim(cls, claim: Claim) -> RequestedProtocol:
        """The protocol that a claim states."""
        return cls(
            task=claim.task,
            variant=claim.variant,
            metric=claim.metric,
            prompt=claim.protocol.prompt,
            harness=claim.protocol.harness,
            subset=claim.protocol.subset,
            average=claim.average,
            shots=claim.shots,
            said=(claim.note, claim.protocol.decoding, claim.protocol.subset, claim.protocol.judge),
        )

    @property
    def stated_shots(self) -> StatedShots:
        """How many worked examples are stated, by number and in words."""
        texts = (self.task, self.variant, self.metric, self.prompt, self.harness, *self.said)
        return stated_shots(self.shots, texts)
