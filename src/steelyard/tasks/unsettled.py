"""What a vendor says beside a number that no field of a protocol holds, so that it cannot be reproduced as stated.

There is no vocabulary of what matters. Readers of worked examples, of decoding, of repeats and of parts take out what
they understand; so do the benchmark's own names and those of the prompt formats that are asked. Of what is left nothing
but function words and the names of the fields themselves is harmless. The rest is an unsettled *remark*, until the
sheet quotes it under ``settled``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from steelyard.claims.model_names import is_precision
from steelyard.tasks.all_parts import PARTS, says_all_parts, without_all_parts, words_of_number
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import stated_shots, without_shots
from steelyard.tasks.subset import subset_words, words_in
from steelyard.tasks.window import without_window

if TYPE_CHECKING:
    from steelyard.tasks.definition import TaskDefinition

__all__ = ["HARMLESS", "SENTENCES", "names_a_mode", "unsettled"]

_MOST: Final = 4_000  # characters of a text that are read; a longer one is a remark
_TOKEN: Final = re.compile(r"[^\W_]+|\+\+|\.{3}|[*\u2020\u2021\u00a7\u00b6]")
SENTENCES: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|;\s+|\n")
_NUMBER: Final = r"(?:[0-9][0-9.,]* ?k?|true|false|none)"
_RUNS: Final = r"(?:runs|seeds|trials|passes|generations|repetitions|responses)"
# What readers of repeats and of decoding understand, and that there are no tools, which nobody has here.
_HELD_FORMS: Final = re.compile(
    r"(?<![a-z])(?:pass|maj|top)?[-_ ]?1?(?:@|\^|[ _]at[ _])\s?1(?![0-9])|(?<![a-z])top[-_ ]?1(?![0-9])"
    rf"|(?<![a-z])(?:avg|average[ds]?|averaging|mean)(?:[ _]scores?)?(?: ?@ ?|_|[ _](?:of|over|across)[ _])"
    rf"(?:[0-9]{{1,4}}(?:[ _]{_RUNS}|(?![\w ]))|[0-9]{{1,2}}[ _]samples|multiple[ _]{_RUNS})(?!\w)"
    r"|\b(?:a )?single[- ](?:run|attempt)\b"
    rf"|\b(?:temperature|temp|t|top[-_ ]?[pk]|min[-_ ]?p|seed|n|(?:max|maximum)(?:[-_ ](?:new|output|gen))?[-_ ]"
    rf"(?:toks|tokens|length)|(?:repetition|presence|frequency)[-_ ]penalty|do[-_ ]sample) ?(?:of|is|was|=|:)?"
    rf" ?[`$]*{_NUMBER}(?![\w])|\b{_NUMBER} tokens\b|\bgreedy\b|\bsampl(?:ed|ing)\b|\bnucleus\b|\bmath verify\b"
    r"|\b(?:no|non|not|without|w/o)[- ]?(?:cot|chain[- ]of[- ]thoughts?)\b|\b(?:no|without|w/o)[ -](?:any )?tools?\b",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(r"(?<![\w.])v?[0-9]+(?:\.[0-9]+)+(?![\w.])")
_NO_JUDGE: Final = re.compile(r"(?:none|no judge|rules?|by rule|rule[- ]based|n/?a|-)?", re.IGNORECASE)
HARMLESS: Final = frozenset(
    re.findall(
        r"\w+",
        # function words; those that deny or choose are not among them
        "a an the this that these those it its as is are was were be been has have had and or of in on at by for from "
        "to with over per via all each both we der die das und von im mit über "
        # what scores and the fields of a protocol are called, and harnesses without their tasks' names
        "acc accuracy em exact match score scores rate result results percent correct mean average averaged avg metric "
        "pass none benchmark benchmarks durchschnitt mittel mittelwert genauigkeit prompt format decoding temperature "
        "shot zero test set split whole "
        "lm lmms eval evals evaluation harness language model task tasks lighteval inspect inspectevals huggingface "
        "eleutherai steelyard vllm sglang hf transformers",
    )
)
# By these a heading names a means or a mode, and not a field that benchmarks are of.
_OF_A_MODE: Final = re.compile(
    r"\b(?:with|without|using|via|by|under|after|no|non|only|modes?|settings?|set-?up|thinking|tools?|effort|mit|ohne)\b|\bw/|\+|@|%",
    re.IGNORECASE,
)
# A benchmark under the name of a language is a translation, unless the language is in its own name.
_LANGUAGES: Final = re.compile(
    r"\b(?:arabic|bengali|chinese|czech|dutch|french|german|greek|hebrew|hindi|indonesian|italian|japanese|korean"
    r"|mandarin|persian|polish|portuguese|romanian|russian|spanish|swahili|swedish|telugu|thai|turkish|ukrainian"
    r"|vietnamese|multilingual)\b"
    r"|(?<![\w.])(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|some|several|many) (?:[a-z-]+ )?"
    + PARTS
    + r"\b",
    re.IGNORECASE,
)


def unsettled(
    definition: TaskDefinition, requested: RequestedProtocol, names: Iterable[str], known: Collection[str] = ()
) -> tuple[str, ...]:
    """The parts of a claim's remarks that no field holds, as printed; none for a task that no vendor can have measured.

    ``names`` are the prompt formats that are asked, ``known`` further words that change nothing, such as the model's
    name.
    """
    prompts = [definition.prompts[name] for name in names]
    if not definition.public or definition.generator is not None or any(each.needs for each in prompts):
        return ()
    held = {*HARMLESS, *_own_words(definition), *known, requested.average}
    for each in prompts:
        held |= {word for text in (*each.words, *each.lm_eval_metrics) for word in words_in(text)}
        held |= {"chat", "message", "messages", "instruct"} if each.chat else {"completion", "base", "pretrained"}
    named = {" ".join(words_in(name)) for name in names}  # a sheet may use our own names
    texts = [
        requested.variant,
        requested.metric,
        *([] if " ".join(words_in(requested.prompt)) in named else [requested.prompt]),
        _named_otherwise(definition, _VERSION.sub(" ", requested.harness)),
        requested.decoding,
        *([] if _NO_JUDGE.fullmatch(requested.judge.strip()) else [requested.judge]),
        requested.note,
        *(each for each in requested.heading.split(" / ") if names_a_mode(each, held)),
    ]
    parts = (part for text in texts for part in _parts(text) if _left(definition, part, held))
    return tuple(dict.fromkeys(part.strip() for part in parts))


def names_a_mode(heading: str, own: Collection[str] = ()) -> bool:
    """Whether the heading of a part of a table says how its rows were measured, and not only what they are about.

    That is a heading with a word such as *with*, *no* or *mode*, one that states worked examples, and one that names a
    language or counts parts that are not the benchmark's ``own``.
    """
    translated = any(not set(words_in(found[0])) <= set(own) for found in _LANGUAGES.finditer(heading))
    return translated or _OF_A_MODE.search(heading) is not None or bool(stated_shots(None, (heading,)).in_words)


def _parts(text: str) -> Iterator[str]:
    yield from (part.removeprefix("footnote: ") for part in SENTENCES.split(text[:_MOST]))
    if len(text) > _MOST:
        yield "..."


def _left(definition: TaskDefinition, part: str, held: Collection[str]) -> list[str]:
    """The words of a part that nothing holds."""
    shown = without_window(part) if definition.releases else part
    if definition.hub and says_all_parts(definition, (part,)):
        held = {*held, *words_in(" ".join(definition.hub.configs))}
    shown = without_shots(without_all_parts(definition, shown))
    shown = _HELD_FORMS.sub(" ", shown.replace("_", " "))
    if definition.items:
        shown = re.sub(rf"\b{definition.items.count} (?:questions|problems|items|samples)\b", " ", shown)
    return [
        word
        for word in _TOKEN.findall(shown.casefold())
        if word not in held and not (len(word) > 2 and is_precision(word))
    ]


def _named_otherwise(definition: TaskDefinition, harness: str) -> str:
    """A harness, with a mark behind its own name for a task that is not one of this benchmark's: *lm-eval (mmlu)*."""
    names = (definition.id, "".join(words_in(definition.id)), definition.title, *definition.aliases)
    called = [f" {' '.join(words_in(each.replace('+', ' plus ')))} " for each in names]

    def marked(found: re.Match[str]) -> str:
        words = f" {' '.join(words_in(found[0].replace('+', ' plus ')))} "
        return found[0] if any(each in words for each in called) else f"{found[0]} ..."

    return re.sub(r"[(\[][^()\[\]]*[A-Za-z][^()\[\]]*[)\]]", marked, harness)


def _own_words(definition: TaskDefinition) -> frozenset[str]:
    hub = definition.hub
    texts = (
        definition.id, "".join(words_in(definition.id)), definition.title, definition.metric, *definition.aliases,
        *((hub.path, hub.split) if hub else ()), *(hub.configs if hub and len(hub.configs) == 1 else ()),
        *(each.name for each in definition.releases), *((str(definition.items.count),) if definition.items else ()),
    )  # fmt: skip
    parts = words_of_number(len(hub.configs)) if hub and len(hub.configs) > 1 else frozenset()
    return frozenset(word for text in texts for word in words_in(text)).union(subset_words(definition.subsets), parts)
