"""Whether a claim says that its number is over all parts of a benchmark: *average over eleven languages*, *alle 11*.

Vendors average a benchmark of many languages over those that their model supports. So the number of all parts is asked
in their place only where a claim says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from steelyard.tasks.subset import words_in

if TYPE_CHECKING:
    from steelyard.tasks.definition import TaskDefinition

__all__ = ["ALL_PARTS", "PARTS", "says_all_parts", "without_all_parts", "words_of_number"]

ALL_PARTS: Final = "all parts"
"""What a claim that says so states for the words of ``unless`` in ``confirms_only``."""

_IN_WORDS: Final = (
    "", "", "two zwei", "three drei", "four vier", "five fünf", "six sechs", "seven sieben", "eight acht",
    "nine neun", "ten zehn", "eleven elf", "twelve zwölf",
)  # fmt: skip
PARTS: Final = r"(?:languages?|sprachen|sub-?tasks|teilaufgaben|subjects|fächern?|categories|kategorien)"
# "Not all languages", "five of the eleven languages", and "all languages that we support" are some of them.
_OF_SOME: Final = (
    r"(?<!\bnot )(?<!\bnicht )(?<!\bnon[- ])(?<!\balmost )(?<!\bnearly )(?<!\bfast )"
    r"(?<![0-9] of )(?<![0-9] of the )(?<![0-9] von )(?<![0-9] der )"
)
_OF_THE_MODEL: Final = (
    r"(?![ ,]*(?:but|except|without|save|other|minus|ohne|außer|bis auf"
    r"|(?:that |which |die |der )?(?:are |is |werden )?(?:we|it|our|the model|supported|unterstützt\w*|that|which)\b))"
)
# A sentence on the model, which names no parts of a benchmark: "it supports 11 languages".
_ON_A_MODEL: Final = re.compile(
    r"\b(?:support|speak|understand|fluen|train|tun(?:ed|ing)|capab|multilingual model|unterstütz|sprich|trainier)",
    re.IGNORECASE,
)
_SENTENCES: Final = re.compile(r"[;.\n](?:\s|$)")


def says_all_parts(definition: TaskDefinition, texts: Iterable[str]) -> bool:
    """Whether one of these texts says that the number is over all subtasks: in words, or by the name of each."""
    configs = definition.hub.configs if definition.hub else ()
    if len(configs) < 2:
        return False
    said = _said(len(configs))
    sentences = [each for text in texts for each in _SENTENCES.split(text) if not _ON_A_MODEL.search(each)]
    return any(said.search(each) or _names_each(each, configs) for each in sentences)


def without_all_parts(definition: TaskDefinition, text: str) -> str:
    """A text without the words that say that the number is over all subtasks."""
    configs = definition.hub.configs if definition.hub else ()
    return text if len(configs) < 2 else _said(len(configs)).sub(" ", text)


def words_of_number(number: int) -> frozenset[str]:
    """A number in digits and, up to twelve, in words, English and German."""
    return frozenset((str(number), *(_IN_WORDS[number].split() if number < len(_IN_WORDS) else ())))


@cache
def _said(number: int) -> re.Pattern[str]:
    counted = rf"(?:{'|'.join(sorted(words_of_number(number)))})"
    return re.compile(
        rf"{_OF_SOME}\b(?:all(?:e[nr]?)?(?: of)?(?: (?:the|its|der|den))?(?:[ -]{counted})?[ -]{PARTS}"
        rf"|{counted}[ -]{PARTS}|all(?:e[nr]?)?(?: of)?(?: the)?[ -]{counted})\b{_OF_THE_MODEL}",
        re.IGNORECASE,
    )


def _names_each(text: str, configs: Iterable[str]) -> bool:
    words = set(words_in(text))
    return all(set(words_in(config)) <= words for config in configs)
