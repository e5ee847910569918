"""How far an endpoint's next tokens are from the reference's: made once, by whoever has the weights.

Of the tokens that the reference expects most, each has a difference of log-probabilities, endpoint less reference.
Only how these differ among one another is read: a server that sends values after its own cuts, or rescales what is
left, moves all of them by one amount. So the distance is the least that any such amount leaves: of the differences
less the amount, each counted as 1 nat at most, the mean of the absolute values. A sum of such terms is least where one
of them is 0, so the amount is one of the differences.

An endpoint need not send all of these tokens. The distance is *at least* what they come to if those that it did not
send differ by the amount exactly, and *at most* what they come to if these differ by 1 nat or more.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Protocol

import msgspec

from steelyard.errors import InputError
from steelyard.records import REFERENCE, ModelOutput, NextTokenRequest, Sample, Score, is_reference

__all__ = ["NextTokenDistance", "Reference", "distance"]

_MOST: Final = 1.0  # nats
_STEPS: Final = 10**9  # scores are multiples of 1/_STEPS, at least rounded down and at most rounded up
_OPTIONS: Final = re.compile(rf"(?:({REFERENCE}-[0-9]),)?(least|most)")


class Reference(Protocol):
    """A model whose weights are here."""

    def next_tokens(self, text: str) -> Sequence[tuple[str, float]]:
        """The tokens that it expects most after a text, with their log-probabilities (nats)."""
        ...


def distance(differences: Sequence[float], tokens: int) -> tuple[float, float]:
    """At least and at most how far (nats) an endpoint is that sent ``differences`` of so many ``tokens``.

    Raises ValueError for more differences than tokens, and without tokens.
    """
    if not len(differences) <= tokens or not tokens:
        raise ValueError(f"{len(differences)} differences of {tokens} tokens")
    sums = (math.fsum(min(_MOST, abs(each - amount)) for each in differences) for amount in differences)
    least = min(sums, default=0.0)
    return least / tokens, (least + _MOST * (tokens - len(differences))) / tokens


class NextTokenDistance:
    """The distance of an endpoint's next tokens from a reference's, in nats from 0 to 1: ``least`` or ``most``.

    ``role``: whose, where several references are given.
    """

    executes: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = False
    gives_shares: ClassVar[bool] = True

    def __init__(self, bound: str, role: str = REFERENCE) -> None:
        if bound not in ("least", "most") or not is_reference(role):
            raise InputError(f"scorer 'next_token_distance': {bound[:20]!r} is neither least nor most")
        self.bound, self.role = bound, role
        self._references: Mapping[str, Reference] = {}

    @classmethod
    def from_options(cls, options: str) -> NextTokenDistance:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        found = _OPTIONS.fullmatch(options)
        if found is None:
            raise InputError(f"scorer 'next_token_distance': {options[:20]!r} is neither least nor most")
        return cls(found[2], found[1] or REFERENCE)

    @property
    def identifier(self) -> str:
        """``next_token_distance[least]@1``, ``…[most]@1``, or of another reference ``…[reference-2,least]@1``."""
        return f"next_token_distance[{'' if self.role == REFERENCE else f'{self.role},'}{self.bound}]@1"

    def unavailable_reason(self) -> str:
        """None: a plan asks for it only where a reference is given."""
        return ""

    def refer(self, references: Mapping[str, Reference]) -> None:
        """Use these weights, by role, from now on."""
        self._references = references

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The distance; open where the answer is no list, or the reference expects nothing.

        Raises InputError without a reference, and for a sample that asks for something else.
        """
        if self.role not in self._references:
            raise InputError(f"the {self.role}'s weights are not here: give them with --model {REFERENCE}=gguf:PATH")
        request = sample.request
        if not isinstance(request, NextTokenRequest):
            raise InputError("a distance is that of next tokens, and this sample asks for none")
        expected = self._references[self.role].next_tokens(request.prefix + request.context)
        given = _given(output)
        if given is None or not expected:
            return Score(value=None, note="there are no next tokens to compare")
        least, most = distance([given[text] - value for text, value in expected if text in given], len(expected))
        if self.bound == "least":
            return Score(value=math.floor(least * _STEPS) / _STEPS)
        return Score(value=min(1.0, math.ceil(most * _STEPS) / _STEPS))


def _given(output: ModelOutput) -> dict[str, float] | None:
    """By text the value; a text that stands there twice is left out. None where the answer is no such list."""
    try:
        texts = msgspec.json.decode(output.text, type=list[str])
    except (msgspec.DecodeError, UnicodeError):
        return None
    if len(texts) != len(output.logprobs):
        return None
    times = Counter(texts)
    return {text: value for text, value in zip(texts, output.logprobs, strict=True) if times[text] == 1}
