"""Other names of benchmarks → their id here, where known; and the units of their metrics."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final, Literal

from steelyard.claims.benchmarks import benchmarks, key_of, lookup
from steelyard.tasks import load_task, resolve
from steelyard.tasks.subset import subset_words, words_in
from steelyard.tasks.window import parts_named, without_window

__all__ = [
    "ASIDE",
    "MAX_PERCENT",
    "TRAILING",
    "Average",
    "Unit",
    "average_in_name",
    "bare_metric",
    "infer_unit",
    "is_a_metric",
    "known_task",
    "lower_is_better",
    "measure_in_name",
    "names_a_share",
    "part_in_name",
    "relative_in_brackets",
    "settings_in_english",
    "shots_in_name",
    "stated_shots_of",
    "task_in_name",
    "without_words",
]

Unit = Literal["percent", "fraction", "elo", "points"]
Average = Literal["", "micro", "macro"]

SHOTS: Final = re.compile(r"\(?\b(?P<number>\d{1,3})[- ]?shots?\b\)?", re.I)
SHARES: Final = re.compile(
    r"acc|exact|match|\bem\b|f1|precision|recall|pass|mc[12]|win|rate|correct|success|solved|percent|proportion|score|anls",
    re.I,
)
SHORT_METRIC: Final = re.compile(
    r"em|acc\.?|f1|bpb|bleu|elo|rating|percentile|resolved|(macro |micro )?(avg|average|mean)|(avg|mean|cons|maj)@\d+",
    re.IGNORECASE,
)
MACRO: Final = re.compile(r"macro[ _-]?(?:avg|average)\b")
MICRO: Final = re.compile(r"micro[ _-]?(?:avg|average)\b")
MAX_PERCENT: Final = 100
ASIDE: Final = re.compile(r"\(([^()]*)\)")
TRAILING: Final = re.compile(
    r"[\s,]+(?:(?:pass|cons|maj|avg|mean)@\S+|CoT(?=\s+\d{1,3}-shot|\s*$)|(?:no|with|without) tools\s*$)", re.IGNORECASE
)
NOTHING: Final = re.compile(r"[-–—/\s]*|n/?a\.?|tbd|none", re.IGNORECASE)
MAX_SHOTS: Final = 1000
# What stands before a benchmark's name in its cell, as in Claude's tables. "Code" and "multilingual" do so before one
# name only: CodeMMLU and Multilingual MMLU are other benchmarks.
_CATEGORY: Final = re.compile(
    r"(?:(?:under)?graduate[- ]level (?:reasoning|knowledge)|grade school math|math problem[- ]solving|common knowledge"
    r"|reasoning over text|mixed evaluations|knowledge q&a|code(?=\s+humaneval)|multilingual math(?=\s+mgsm)"
    r"|(?:数学|代码|编程)(?!.*mmlu)|推理|知识|常识)[\s:：/,-]+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_CHINESE: Final = (
    (re.compile(r"零样本"), "0-shot"),
    (re.compile(r"少样本"), "few-shot"),
    (re.compile(r"(\d{1,3})\s*-?\s*样本"), r"\1-shot"),
    (re.compile(r"(\d{1,4})\s*次(?:取)?平均|平均\s*(\d{1,4})\s*次"), r"avg@\1\2"),
    (re.compile(r"思维链"), "CoT"),
)
_GLUED: Final = re.compile(r"(?<=[A-Za-z])(?=v[1-9](?![0-9A-Za-z]))")  # LCBv6
_SPLIT: Final = re.compile(r"(.*[^\s_-])[\s_-]+(val|validation|test|testmini)", re.IGNORECASE)
_UP: Final = re.compile(r"\(\s*[\u2191\u2b06\u21d1]\ufe0f?\s*\)|[\u2191\u2b06\u21d1]\ufe0f?")
_DOWN: Final = re.compile(r"[\u2193\u2b07\u21d3]|\blower is better\b", re.IGNORECASE)
# A metric that stands behind a benchmark's name without brackets: "ChartQA relaxed acc.", "DocVQA ANLS (validation)".
_MEASURE: Final = re.compile(
    r"(?<=[\s)])(?:relaxed[ _-]acc(?:uracy|\.)?|exact[ _-]match|acc(?:uracy)?[ _-]norm|acc(?:uracy|\.)?|em|anls|chrf)"
    r"(?=$|[\s(,:])",
    re.IGNORECASE,
)
_MEASURES: Final = {
    "acc": "accuracy",
    "em": "exact match",
    "acc norm": "accuracy norm",
    "relaxed acc": "relaxed accuracy",
}
_COUNTING: Final = ("accuracy", "exact match")  # one measure, where an answer is right or wrong
_MOST: Final = 200  # characters of a name that are read
_WORDS: Final = 3  # of a relative's name, in brackets behind the benchmark's
ELO: Final = re.compile(r"\belo\b|bradley", re.I)
NO_SHARES: Final = re.compile(
    r"perplex|ppl|loss|\bwer\b|\bcer\b|error|mse|mae|bleu|rouge|chrf|meteor|bits|latency|seconds|reward|percentile|rating",
    re.I,
)


def known_task(names: Iterable[str], hub: str = "") -> str | None:
    """The id of the first known name, else of the one benchmark with this repository on the hub.

    A repository that holds several benchmarks (``ai2_arc``) identifies none of them.
    """
    for name in names:
        bare = SHOTS.sub(" ", name).strip(" ()-")
        if bare and key_of(bare) not in _shared_homes() and (found := lookup(bare)):
            return found.id
    homes = [each.id for each in benchmarks() if hub and each.hub.casefold() == hub.casefold()]
    return homes[0] if len(homes) == 1 else None


def task_in_name(name: str) -> str | None:
    """The id of a benchmark by its whole name, or its name without its part, its measure, or what is in brackets.

    None where a lower value is better: errors are no measure of a benchmark that is known here.
    """
    return None if lower_is_better(name) else _task_in(measure_in_name(name)[0])


@lru_cache(maxsize=1024)
def measure_in_name(name: str) -> tuple[str, str]:
    """(name without it, measure) of *ChartQA relaxed acc. ↑*: what its metric's own column would say.

    Only where the name is not known with it and known without it, and the measure is the benchmark's usual one.
    """
    name = _UP.sub(" ", name[:_MOST]).strip()
    found = _MEASURE.search(name)
    if found is None or _task_in(name) is not None:
        return name, ""
    rest = " ".join(f"{name[: found.start()]} {name[found.end() :]}".split()).rstrip(" ,:")
    task = _task_in(rest)
    return (rest, found[0]) if task and _is_usual_measure(task, found[0]) else (name, "")


def lower_is_better(name: str) -> bool:
    """Whether a name or a metric says that it counts errors: with an arrow that points down, or in words."""
    return _DOWN.search(name) is not None


def _is_usual_measure(task: str, measure: str) -> bool:
    fact = lookup(task)
    if fact is None:
        return False
    usual, said = (
        _MEASURES.get(words := " ".join(words_in(text.replace("_", " "))), words) for text in (fact.metric, measure)
    )
    return usual == said or (usual in _COUNTING and said in _COUNTING)


def _task_in(name: str) -> str | None:
    if category := _CATEGORY.fullmatch(name[:_MOST]):
        name = category["rest"]
    bare = ASIDE.sub(" ", name).strip()
    whole = known_task((name,)) or relative_in_brackets(name)
    return whole or part_in_name(name)[0] or known_task((bare, TRAILING.sub("", bare)))


@lru_cache(maxsize=1024)  # a table is read for each of its models
def part_in_name(name: str) -> tuple[str | None, tuple[str, ...]]:
    """(benchmark, its parts) where a name states a part behind it: *LiveCodeBench v6 (25.02-25.05)*, *DocVQA_val*.

    Parts are a release, a window of dates, a split or a subset, as they are written; (None, ()) where no name stands
    before one.
    """
    name = _GLUED.sub(" ", name[:_MOST])
    bare = TRAILING.sub("", ASIDE.sub(" ", name).strip())
    if parts := parts_named(name):
        rests = (without_window(name), without_window(bare))
        task = next((found for rest in rests if (found := known_task((rest.strip(" ,;:-()"),)))), None)
        here = resolve(task) if task else None
        return (task, tuple(parts)) if here and load_task(here).definition.releases else (None, ())
    split = _SPLIT.fullmatch(bare)
    task = known_task((split[1],)) if split and not known_task((bare,)) else None
    return (task, (split[2],)) if split and task else _subset_in_name(bare)


def _subset_in_name(bare: str) -> tuple[str | None, tuple[str, ...]]:
    """(benchmark, its subset) of *MTOB eng->kgv*, for a benchmark that is claimed by its subsets."""
    words = bare.split()
    for end in range(len(words) - 1, 0, -1):
        task = known_task((" ".join(words[:end]),))
        here = resolve(task) if task else None
        subsets = load_task(here).definition.subsets if here else ()
        rest = " ".join(words[end:])
        if subsets and "/" not in rest and set(words_in(rest)) <= subset_words(subsets):
            return task, (rest,)
    return None, ()


def without_words(text: str, words: Iterable[str]) -> str:
    """A text without some words or phrases of it, and without what parted them at its ends."""
    for each in words:
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", " ", text)
    return text.strip(" ,;")


def relative_in_brackets(name: str) -> str | None:
    """The id of the benchmark that a name means with words of its brackets: *MMLU (Pro COT)* is MMLU-Pro."""
    before, _, aside = name[:_MOST].partition("(")
    words = re.findall(r"[\w+]+", aside)
    runs = (words[start:end] for start in range(len(words)) for end in range(start + _WORDS, start, -1))
    bare = known_task((before,))
    found = (known_task((f"{before} {' '.join(run)}",)) for run in runs)
    return next((each for each in found if each is not None and each != bare), None)


@cache
def _shared_homes() -> frozenset[str]:
    homes = Counter(key_of(each.hub.rpartition("/")[2]) for each in benchmarks() if each.hub)
    return frozenset(home for home, number in homes.items() if number > 1)


def average_in_name(metric: str) -> Average:
    """The average that a metric's name states: Meta's ``macro_avg/acc`` is the mean of the subjects' accuracies."""
    name = metric.casefold()
    return "macro" if MACRO.match(name) else "micro" if MICRO.match(name) else ""


def repeats_in_name(metric: str) -> int | None:
    """How many answers to each sample are averaged: 64 of ``Avg@64``."""
    found = re.fullmatch(r"(?:avg|mean|average)\s?@\s?(\d{1,4})", metric, re.IGNORECASE)
    return int(found[1]) if found and int(found[1]) > 1 else None


def shots_in_name(name: str) -> int | None:
    """The number of worked examples in a name such as ``HellaSwag (10-Shot)``."""
    found = SHOTS.search(name)
    return int(found["number"]) if found else None


def settings_in_english(text: str) -> str:
    """A benchmark's name with its settings as they are read here: ``HumanEval（零样本）`` is ``HumanEval (0-shot)``."""
    text = text.replace("（", " (").replace("）", ") ").replace("％", "%")
    for chinese, english in _CHINESE:
        text = chinese.sub(english, text)
    return " ".join(text.split())


def bare_metric(text: str) -> str:
    """A metric without the number of shots, and an arrow that points up: ``5-shot, top-1 ↑`` is ``top-1``."""
    text = _UP.sub("", text)
    rest = re.sub(r"\b\d{1,3}\s*([-–]\s*\d{1,3}\s*)?-?\s*shots?\b", "", text, flags=re.IGNORECASE).strip(" ,;")
    return "" if NOTHING.fullmatch(rest) else rest


def stated_shots_of(column: str, *texts: str) -> int | None:
    """The number of worked examples in a column of them, else in the first of these texts that has one; no range."""
    stated = column.strip()
    if stated.isascii() and stated.isdigit() and len(stated) < 5 and int(stated) <= MAX_SHOTS:
        return int(stated)
    for text in (stated, *texts):
        if re.search(r"\d\s*[-–]\s*\d+\s*-?shot", text, re.IGNORECASE):
            return None
        if (shots := shots_in_name(text)) is not None:
            return shots
    return None


def names_a_share(metric: str) -> bool:
    """Whether a metric is a share of right answers, judging by its name."""
    return SHARES.search(metric) is not None and not NO_SHARES.search(metric) and not ELO.search(metric)


def is_a_metric(text: str) -> bool:
    """Whether what stands in brackets behind a benchmark's name is a metric."""
    return names_a_share(text) or SHORT_METRIC.fullmatch(text) is not None


def infer_unit(metric: str, value: float, *, beside_percent: bool) -> tuple[Unit, str]:
    """(unit, note on how it was inferred), from the metric's name and the value.

    A share of at most 1 is a fraction, unless other shares beside it are above 1 (``beside_percent``): one table is
    written in one way.
    """
    if ELO.search(metric):
        return "elo", ""
    if NO_SHARES.search(metric) or lower_is_better(metric) or not 0 <= value <= MAX_PERCENT:
        return "points", f"{metric or 'the metric'} is not read as a share of right answers"
    if not SHARES.search(metric):
        return "points", f"whether {metric or 'the metric'} is a share of right answers is not known here"
    if "%" in metric or "percent" in metric.casefold():
        return "percent", ""
    if value > 1:
        return "percent", "unit not stated: read as percent, since it is above 1"
    if beside_percent:
        return "percent", "unit not stated: read as percent, since values beside it are above 1"
    return "fraction", "unit not stated: read as a fraction, since it is at most 1"
