"""How much likelier a text is by an alternative than by a reference: made once, by whoever has the weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from steelyard.errors import InputError
from steelyard.records import REFERENCE, GenerateRequest, ModelOutput, Outcome, Sample, Score, is_reference

__all__ = ["Likelihood", "LogRatio", "Reading", "Reference", "reading_of", "share"]

_OPTIONS: Final = re.compile(rf"(?:({REFERENCE}-[0-9]),)?(core,)?([A-Za-z0-9][A-Za-z0-9_.-]{{0,39}})")
_MOST: Final = math.log(1e9)  # of a ratio: more would round to a share of 1, which stands for infinity


class LogRatio(Protocol):
    """Of one text, alternative less reference, in nats: of the whole, and of the tokens in the reference's core."""

    @property
    def whole(self) -> float:
        """Log p_alternative − log p_reference."""
        ...

    @property
    def core(self) -> float:
        """The same of each token in the core, given the core."""
        ...


class Reading(Protocol):
    """What weights say of one text."""

    @property
    def surplus(self) -> float:
        """By how much less likely it is than the weights' own texts are on average: −log p less the entropy, nats."""
        ...

    @property
    def z(self) -> float:
        """The surplus in units of its standard deviation under the weights."""
        ...

    @property
    def ratios(self) -> Mapping[str, Any]:
        """By alternative a :class:`LogRatio`."""
        ...


class Reference(Protocol):
    """A model whose weights are here."""

    def reading(self, prompt: str, text: str, tokens: int, *, ended: bool) -> Reading | None:
        """What it says of a text of ``tokens``, or that ``ended`` before; None: unreadable."""
        ...


class Likelihood:
    """The share f/(1 + f) of an alternative in the likelihood of a text, f = p_alternative/p_reference.

    ``core``: over the tokens in the reference's core alone. ``alternative`` is one that the reference names. ``role``:
    whose, where several references are given. Shares are rounded down, and f is at most 10⁹: a score never says more
    against the reference than the text does.
    """

    executes: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = True
    gives_shares: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True  # every text is cut at its limit: that is what is asked for

    def __init__(self, alternative: str, core: bool = False, role: str = REFERENCE) -> None:
        self.alternative, self.core, self.role = alternative, core, role
        if not _OPTIONS.fullmatch(self._options) or not is_reference(role):
            raise InputError(f"scorer 'likelihood': {alternative[:60]!r} is no name of an alternative, such as Q2_K")
        self._references: Mapping[str, Reference] = {}

    @classmethod
    def from_options(cls, options: str) -> Likelihood:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        found = _OPTIONS.fullmatch(options)
        if found is None:
            raise InputError(f"scorer 'likelihood': {options[:60]!r} is no name of an alternative, such as Q2_K")
        return cls(found[3], core=bool(found[2]), role=found[1] or REFERENCE)

    @property
    def _options(self) -> str:
        of = "" if self.role == REFERENCE else f"{self.role},"
        return f"{of}{'core,' if self.core else ''}{self.alternative}"

    @property
    def identifier(self) -> str:
        """``likelihood[Q2_K]@1``, ``likelihood[core,Q2_K]@1``; of another file ``likelihood[reference-2,Q2_K]@1``."""
        return f"likelihood[{self._options}]@1"

    def unavailable_reason(self) -> str:
        """None: a plan asks for it only where a reference is given."""
        return ""

    def refer(self, references: Mapping[str, Reference]) -> None:
        """Use these weights, by role, from now on."""
        self._references = references

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The share; open where the text cannot be read as tokens. Raises InputError without a reference."""
        found = reading_of(self._references, self.role, sample, output)
        if found is None:
            return Score(value=None, note="the text cannot be read as so many tokens")
        ratio: LogRatio = found.ratios[self.alternative]
        return Score(value=share(ratio.core if self.core else ratio.whole))


def reading_of(references: Mapping[str, Reference], role: str, sample: Sample, output: ModelOutput) -> Reading | None:
    """What one of the references says of an output; None where it cannot be read as tokens.

    Raises InputError without that reference, and for a sample that asks for no text.
    """
    if role not in references:
        raise InputError(f"the {role}'s weights are not here: give them with --model {REFERENCE}=gguf:PATH")
    request = sample.request
    if not isinstance(request, GenerateRequest):
        raise InputError("a likelihood is that of a text, and this sample asks for none")
    ended = output.outcome is Outcome.OK
    return references[role].reading(request.prefix + request.prompt, output.text, request.max_tokens, ended=ended)


def share(log_ratio: float) -> float:
    """r/(1 + r) of a log ratio (nats), at most 10⁹: rounded down."""
    ratio = math.exp(min(log_ratio, _MOST))
    return math.floor(ratio / (1 + ratio) * 1e12) / 1e12
