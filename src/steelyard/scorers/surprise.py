"""How surprising a text is to a reference: made once, by whoever has the weights, and for a display alone.

The surplus is −log p less the entropy, token by token: 0 on average for texts that the reference draws. It is no test:
a server that cuts unlikely tokens off makes its texts less surprising, and is no other model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import REFERENCE, ModelOutput, Sample, Score, is_reference
from steelyard.scorers.likelihood import Reference, reading_of, share

__all__ = ["Surprise", "number_of"]

_UNIT: Final = 10.0  # of what is written as a share: a text of ten tokens may have a surplus of 40 nats
_MOST: Final = 200.0
_OPTIONS: Final = re.compile(rf"(?:({REFERENCE}-[0-9]),)?(surplus|z)")


class Surprise:
    """The surplus s of a text in nats, or its z, as the number 1/(1 + exp(−s/10)) between 0 and 1.

    ``role``: by whose weights, where several references are given. Values of more than 200 are written as 200.
    """

    executes: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = True
    gives_shares: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    def __init__(self, which: str, role: str = REFERENCE) -> None:
        if which not in ("surplus", "z") or not is_reference(role):
            raise InputError(f"scorer 'surprise': {which[:20]!r} is neither surplus nor z")
        self.which, self.role = which, role
        self._references: Mapping[str, Reference] = {}

    @classmethod
    def from_options(cls, options: str) -> Surprise:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        found = _OPTIONS.fullmatch(options)
        if found is None:
            raise InputError(f"scorer 'surprise': {options[:60]!r} is neither surplus nor z")
        return cls(found[2], found[1] or REFERENCE)

    @property
    def identifier(self) -> str:
        """``surprise[surplus]@1``, ``surprise[z]@1``, or of another reference ``surprise[reference-2,z]@1``."""
        return f"surprise[{'' if self.role == REFERENCE else f'{self.role},'}{self.which}]@1"

    def unavailable_reason(self) -> str:
        """None: a plan asks for it only where a reference is given."""
        return ""

    def refer(self, references: Mapping[str, Reference]) -> None:
        """Use these weights, by role, from now on."""
        self._references = references

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The number; open where the text cannot be read as tokens. Raises InputError without a reference."""
        found = reading_of(self._references, self.role, sample, output)
        if found is None:
            return Score(value=None, note="the text cannot be read as so many tokens")
        return Score(value=share((found.surplus if self.which == "surplus" else found.z) / _UNIT))


def number_of(written: float) -> float:
    """The number that a score is of, from −200 to 200, whatever a journal holds."""
    inside = min(max(written, 1e-12), 1 - 1e-12)
    return max(-_MOST, min(_MOST, _UNIT * math.log(inside / (1 - inside))))
