"""Whether two names can mean the same model, tolerant of spelling, prefixes, dates, sizes and settings.

A vendor who writes out a name in full must not get a finding. Two names mean different models only if each has a word
that the other lacks, or if the longer name adds a word that means another model (``experimental``).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import NamedTuple

__all__ = ["ModelName", "may_be_served", "parse_name"]

_TOKEN = re.compile(
    r"(?:bf|fp|int|nf|q)\d+"  # precision: bf16, int4
    r"|a?\d+(?:\.\d+)?[bkmte](?![^\W\d_])"  # size: 17b, 128e, a3b, 32k
    r"|v\d+"  # version: v1
    r"|\d+"
    r"|[^\W\d_]+"
)
_HUB_ID = re.compile(r"(?:[\w.@-]+/)+(?=[\w.:@-]+$)")
_UNSTATED = frozenset({"", "none", "na", "same", "default", "unknown", "unstated", "standard"})
# Words and numbers that make a name longer without naming another model.
_ADDED = re.compile(
    r"a?\d+(?:\.\d+)?[bkmte]|v\d+|0|0\d\d?|\d\d|\d{4,8}"
    r"|instruct|instruction|tuned|it|chat|base|pt|hf|latest|preview|model|version|release"
)
# How a model is run, not which it is: o3-mini-high and o3-mini-low are one model, and so are bf16 and fp8 weights.
_SETTING = re.compile(
    r"(?:bf|fp|int|nf|q)\d+|awq|gptq|gguf|"
    r"high|medium|low|minimal|max|thinking|nonthinking|reasoning|effort|extended|budget|mode|tools?|with|without|no|non"
    r"|\d+k|greedy|temperature|shot|cot"
)


class ModelName(NamedTuple):
    """A parsed name: ``letters`` for plain equality, and its ``words``."""

    letters: str
    words: Counter[str]

    @property
    def is_stated(self) -> bool:
        """Whether this names a model at all (``n/a`` does not)."""
        return self.letters not in _UNSTATED

    def same(self, other: ModelName) -> bool:
        """Whether both are equal except for case, spaces, dashes and the owner's prefix."""
        return self.letters == other.letters

    def may_mean(self, other: ModelName) -> bool:
        """Whether both can be names of one model: one adds to the other, or names another setting."""
        if self.same(other):
            return True
        more, less = list(self.words - other.words), list(other.words - self.words)
        if all(_SETTING.fullmatch(word) for word in more + less):
            return True
        # The other name may be the fuller one with any words: a shorter name leaves open which model it means.
        return not more or (not less and all(_ADDED.fullmatch(word) or _SETTING.fullmatch(word) for word in more))


def parse_name(name: str, vendor: str = "") -> ModelName:
    """Parse a name; a hub owner (``meta-llama/``) and the vendor's own name in front are left out."""
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    words = _TOKEN.findall(_HUB_ID.sub("", folded))
    owner = _TOKEN.findall(unicodedata.normalize("NFKC", vendor).casefold())
    if owner and words[: len(owner)] == owner and len(words) > len(owner):
        words = words[len(owner) :]
    return ModelName("" if folded in ("n/a", "-") else "".join(words), Counter(words))


def may_be_served(variant: ModelName, sold: ModelName, served: ModelName) -> bool:
    """Whether a tested ``variant`` may be the model that is ``served``, or, where that is not known, ``sold``."""
    if variant.same(sold):
        return True
    if not served.is_stated:
        return variant.may_mean(sold)
    # If the served string is an alias of a deployment, it tells nothing about the model, and the sold name decides.
    return variant.may_mean(served) or (not served.may_mean(sold) and variant.may_mean(sold))
