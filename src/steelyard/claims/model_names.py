"""Whether two names mean the same model, by their words; pure functions, without a table of models.

There are two questions, because doubt must speak for the vendor in both:

* *May* two names of one sheet mean one model (:func:`may_be_served`)? If not, the desk screen has a finding. A vendor
  who writes out a name in full must not get one, so spelling, prefixes, dates, sizes and settings are tolerated.
* Are a claimed name and an endpoint's name *likely* to mean one model (:func:`compare`)? If not, the claim is not
  tested. Here one more word of the family is enough for two models (``mini``).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Literal, NamedTuple

__all__ = ["Likeness", "ModelName", "compare", "is_precision", "may_be_served", "parse_name", "shares_no_word"]

_PRECISION = re.compile(
    r"i?q\d(?:[_-](?:k|\d|xxs|xs|nl|s|m|l)(?![^\W_]))*(?:\s*-\s*(?:small|medium|large)\b)?"
    r"|(?:bf|fp|f|int|nf|mxfp|nvfp)\d+(?:[_-]?e\dm\d|[_-]?dynamic)?|\d+[_-]?bits?|w\d+a\d+"
    r"|awq|gptq|gguf|ggml|exl[23]|bnb|mlx|hqq|aqlm|marlin|quanti[sz]ed|quant|turbomind"
)
_TOKEN = re.compile(
    rf"(?<![^\W_])(?:{_PRECISION.pattern})(?![^\W_])|(?:bf|fp|int|nf|q)\d+"  # precision: bf16, int4, nvfp4
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
    rf"{_PRECISION.pattern}|"
    r"high|medium|low|minimal|max|thinking|nonthinking|reasoning|effort|extended|budget|mode|tools?|with|without|no|non"
    r"|\d+k|greedy|temperature|shot|cot"
)

# How a model is asked, where these words stand alone.
_HOW = re.compile(
    rf"{_SETTING.pattern}|shots|prompt|prompts|strict|loose|zero|few|direct|chain|of|thought|sampled|sampling|temp|pass|k"
)


class ModelName(NamedTuple):
    """A parsed name: ``letters`` for plain equality, and its ``words``."""

    letters: str
    words: Counter[str]

    @property
    def is_stated(self) -> bool:
        """Whether this names a model at all: ``n/a`` does not, nor do words for how one is asked (``CoT``)."""
        says_how = any(_HOW.fullmatch(word) for word in self.words)
        return self.letters not in _UNSTATED and not (
            says_how and all(_HOW.fullmatch(word) or word.isdecimal() for word in self.words)
        )

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


# ── a claimed name and an endpoint's name ───────────────────────────────────────────────────────────────────────────

Likeness = Literal["same", "same but for precision", "alias", "another"]

_DATE = re.compile(r"20\d\d-?[01]\d-?[0-3]\d|\d{4}")
_SIZE = re.compile(r"a?\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?[bmte]")
# From left to right: precision and dates first, since they hold what else would end a word.
_WORD = re.compile(
    rf"(?<![^\W_])(?:(?P<precision>{_PRECISION.pattern})|(?P<date>{_DATE.pattern})|(?P<size>{_SIZE.pattern})"
    r"|(?P<version>v?\d{1,3}(?:[.p]\d{1,3})*))(?![^\W_])"
    r"|(?P<tail>(?<=[^\W\d_]{2})\d+(?:\.\d+)*(?![^\W_]))"  # qwen2.5 is qwen and 2.5; r1 and 4o are words
    r"|(?P<word>[^\W\d_]{2,}(?=\d+(?:\.\d+)*(?![^\W_]))|[^\W_]+)"
)
_TUNED = {"instruct": "instruct", "instruction": "instruct", "chat": "instruct", "it": "instruct", "sft": "instruct"}
_BASE = {"base": "base", "pt": "base", "pretrained": "base", "foundation": "base"}
# What makes a name longer and names no model: who serves it, and as what.
_PACKAGING = frozenset((
    "model", "models", "my", "our", "the", "deployment", "endpoint", "api", "server", "local", "free", "prod",
    "production", "staging", "test", "default", "latest", "release", "version", "hf", "tuned", "meta", "google",
    "anthropic", "microsoft", "nvidia", "alibaba", "mistralai", "ibm", "openai", "eu", "us",
))  # fmt: skip


class _Parts(NamedTuple):
    """A name's words by what they say: ``words`` name family and member, ``suffixes`` are versions written with a v."""

    words: Counter[str]
    versions: Counter[str]
    suffixes: frozenset[str]
    sizes: Counter[str]
    dates: Counter[str]
    tuning: frozenset[str]
    precision: frozenset[str]

    def has_more_than(self, other: _Parts) -> bool:
        """Whether this name states a size, version or tuning that the other leaves out."""
        return bool(self.sizes - other.sizes or self.versions - other.versions or self.tuning - other.tuning)


def is_precision(text: str) -> bool:
    """Whether a text is a weight format and nothing else: ``Q4_1``, ``Q4_K - Medium``, ``fp8``."""
    return _PRECISION.fullmatch(text.casefold()) is not None


def compare(claimed: str, served: str, vendor: str = "") -> Likeness:
    """What two names say of the models behind them, in either order.

    *another*: they share a word of the family and differ in another (Qwen2.5-7B and Qwen2.5-72B; gpt-4o and
    gpt-4o-mini). *alias*: they share none, so that one is the name of a deployment (``my-deployment``,
    ``/models/abc``). Otherwise *same*: a date, a version or sizes that one of them leaves out are no difference, and
    neither is ``Instruct`` where the other states no size. Names that each state something else are two models. The
    words of ``vendor`` may stand in one name alone.
    """
    one, other = _parts(claimed), _parts(served)
    if _spelled(claimed) == _spelled(served):
        return "same"
    if not one.words & other.words:
        return "alias"
    more = (one.words - other.words) + (other.words - one.words)
    if more.keys() - _parts(vendor).words.keys() or _exclude(one, other):
        return "another"
    return "same" if one.precision == other.precision else "same but for precision"


def shares_no_word(variant: str, *names: str, vendor: str = "") -> bool:
    """Whether a ``variant`` has no word of the family in common with any of these names.

    Then nothing shows that it names a model at all: it may as well say how one was run (``seed 42``, ``via API``).
    """
    return all(compare(name, variant, vendor) == "alias" for name in names if name)


def _exclude(one: _Parts, other: _Parts) -> bool:
    """Whether names with the same words state sizes, versions, dates or tunings that exclude each other."""
    for mine, theirs in ((one.sizes, other.sizes), (one.versions, other.versions), (one.dates, other.dates)):
        if mine - theirs and theirs - mine:
            return True
    if one.has_more_than(other) and other.has_more_than(one):
        return True
    if not (one.sizes and other.sizes):
        return bool(one.tuning and other.tuning and one.tuning != other.tuning)
    # Both are written out: then Qwen-7B is not Qwen2.5-7B, and a name without "Instruct" is the base model's.
    left_out = (one.versions - other.versions) + (other.versions - one.versions)
    return not left_out.keys() <= one.suffixes | other.suffixes or one.tuning - {"base"} != other.tuning - {"base"}


def _spelled(name: str) -> str:
    return re.sub(r"[\W_]+", "", _bare(name))


def _bare(name: str) -> str:
    """A name without case, and without the folder or the hub's owner in front."""
    folded = unicodedata.normalize("NFKC", name).casefold().strip().rstrip("/")
    return folded.rsplit("/", 1)[-1] if " " not in folded else _HUB_ID.sub("", folded)


def _parts(name: str) -> _Parts:
    found: dict[str, list[str]] = {kind: [] for kind in ("word", "version", "size", "date", "precision", "packaging")}
    tuning, suffixes, end_of_version = set(), set(), -2
    for match in _WORD.finditer(_bare(name)):
        kind, text = str(match.lastgroup), match.group()
        if kind == "word" and (tuned := _TUNED.get(text) or _BASE.get(text)):
            tuning.add(tuned)
        elif kind in ("version", "tail"):
            plain = text.removeprefix("v").replace("p", ".")
            if match.start() == end_of_version + 1 and plain == text:
                plain = f"{found['version'].pop()}.{plain}"  # claude-3-5 is claude-3.5
            elif text[0] == "v":
                suffixes.add(plain)
            found["version"].append(plain)
            end_of_version = match.end()
        else:
            found["packaging" if text in _PACKAGING else kind].append(text)
    return _Parts(
        words=Counter(found["word"] or found["packaging"]),  # "My Model" has no other words
        versions=Counter(found["version"]),
        suffixes=frozenset(suffixes),
        sizes=Counter(found["size"]),
        dates=Counter(date.replace("-", "") for date in found["date"]),
        tuning=frozenset(tuning),
        precision=frozenset(found["precision"]),
    )
