"""How much likelier a text is by an alternative than by the reference: made once, by whoever has the weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score

__all__ = ["Likelihood", "LogRatio", "Reference"]

_OPTIONS: Final = re.compile(r"(core,)?([A-Za-z0-9][A-Za-z0-9_.-]{0,39})")
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


class Reference(Protocol):
    """A model whose weights are here."""

    def log_ratios(self, prompt: str, text: str, tokens: int, *, ended: bool) -> Mapping[str, Any] | None:
        """By alternative, a :class:`LogRatio` of a text of ``tokens``, or that ``ended`` before; None: unreadable."""
        ...


class Likelihood:
    """The share f/(1 + f) of an alternative in the likelihood of a text, f = p_alternative/p_reference.

    ``core``: over the tokens in the reference's core alone. ``alternative`` is one that the reference names. Shares are
    rounded down, and f is at most 10⁹: a score never says more against the reference than the text does.
    """

    executes: ClassVar[bool] = True
    gives_shares: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True  # every text is cut at its limit: that is what is asked for

    def __init__(self, alternative: str, core: bool = False) -> None:
        if not _OPTIONS.fullmatch(alternative):
            raise InputError(f"scorer 'likelihood': {alternative[:60]!r} is no name of an alternative, such as Q2_K")
        self.alternative, self.core = alternative, core
        self._reference: Reference | None = None

    @classmethod
    def from_options(cls, options: str) -> Likelihood:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        found = _OPTIONS.fullmatch(options)
        if found is None:
            raise InputError(f"scorer 'likelihood': {options[:60]!r} is no name of an alternative, such as Q2_K")
        return cls(found[2], core=bool(found[1]))

    @property
    def identifier(self) -> str:
        """``likelihood[Q2_K]@1``, or ``likelihood[core,Q2_K]@1``."""
        return f"likelihood[{'core,' if self.core else ''}{self.alternative}]@1"

    def unavailable_reason(self) -> str:
        """None: a plan asks for it only where a reference is given."""
        return ""

    def refer(self, reference: Reference) -> None:
        """Use these weights from now on."""
        self._reference = reference

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The share; open where the text cannot be read as tokens. Raises InputError without a reference."""
        if self._reference is None:
            raise InputError("the reference's weights are not here: give them with --model reference=gguf:PATH")
        request = sample.request
        if not isinstance(request, GenerateRequest):
            raise InputError("a likelihood is that of a text, and this sample asks for none")
        ended = output.outcome is Outcome.OK
        found = self._reference.log_ratios(
            request.prefix + request.prompt, output.text, request.max_tokens, ended=ended
        )
        if found is None:
            return Score(value=None, note="the text cannot be read as so many tokens")
        ratio: LogRatio = found[self.alternative]
        return Score(value=_share(ratio.core if self.core else ratio.whole))


def _share(log_ratio: float) -> float:
    ratio = math.exp(min(log_ratio, _MOST))
    return math.floor(ratio / (1 + ratio) * 1e12) / 1e12
