"""What a claim states of how it was measured, or what a user asks for."""

from __future__ import annotations

import msgspec

from steelyard.records import Claim
from steelyard.tasks.stated_shots import StatedShots, stated_shots, without_settled
from steelyard.tasks.stated_shots import plain as plain_characters

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
    samples: int | None = None
    first: bool = False
    # What else is said of it: read for worked examples, several answers, help and other modes, and chooses no format.
    decoding: str = ""
    judge: str = ""
    note: str = ""
    heading: str = ""
    # Fields whose words are not on the vendor's page, which choose no format, and the protocol as the sheet has it.
    unsourced: tuple[str, ...] = ()
    typed: RequestedProtocol | None = None

    @classmethod
    def of_claim(cls, claim: Claim) -> RequestedProtocol:
        """The protocol that a claim states, in plain characters: no rule depends on which dash a table has.

        What the sheet settles is left out.
        """
        stated = claim.protocol

        def plain(text: str) -> str:
            return without_settled(plain_characters(text), [each.text for each in claim.settled])

        typed = cls(
            task=claim.task,
            variant=plain(claim.variant),
            metric=plain(claim.metric),
            prompt=plain(stated.prompt),
            harness=plain(stated.harness),
            subset=plain(stated.subset),
            average=claim.average,
            shots=claim.shots,
            samples=claim.samples,
            first=claim.first,
            decoding=plain(stated.decoding),
            judge=plain(stated.judge),
            note=plain(claim.note),
            heading=plain(claim.heading),
        )
        left_out = {name: "" for name in ("prompt", "metric", "harness") if name in claim.unsourced}
        shots = None if "shots" in claim.unsourced else claim.shots
        vendor = msgspec.structs.replace(typed, **left_out, shots=shots, unsourced=claim.unsourced, typed=typed)
        return vendor if claim.unsourced else typed

    @property
    def said(self) -> tuple[str, ...]:
        """What is said of it beside the format."""
        return self.note, self.heading, self.decoding, self.subset, self.judge

    @property
    def stated_shots(self) -> StatedShots:
        """How many worked examples are stated, by number and in words."""
        if "shots" in self.unsourced:
            return stated_shots(self.shots, ())
        texts = (self.task, self.variant, self.metric, self.prompt, self.harness, *self.said)
        return stated_shots(self.shots, texts)
