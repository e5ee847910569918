"""What a remark that is attached to a claim says, and is not known to change nothing.

A number that was reached with help, over a part, or by several answers says so in a note, a footnote, a caption or a
column beside it, in words that no list of dangers holds. So it is the other way round: what is not known here to be
harmless (:mod:`steelyard.tasks.harmless_words`) takes the accusation out of a claim, and the report names the word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from steelyard.claims.benchmarks import lookup
from steelyard.tasks.harmless_words import FAMILIES, MEASURING, OF_REPORTS, OF_TYPE, SUFFIXES, WORDS
from steelyard.tasks.other_measures import changes_a_test, without_denied_help
from steelyard.tasks.stated_shots import plain, without_no_reasoning, without_shots
from steelyard.tasks.subset import words_in

__all__ = ["benchmarks_in", "sentences_in", "sentences_that_matter", "unknown_words", "words_of_benchmark"]

_MOST: Final = 4_000  # characters of a remark that are read
_MANY: Final = r"(?:multiple|several|various|two|three|four|five|six|eight|ten|sixteen|[0-9]{1,5})"
_PASSES: Final = r"(?:runs|generations|repetitions|samples|seeds|trials|passes|times|responses|answers|attempts)"
_TO_TOKENS: Final = r"[0-9][0-9.,]* ?k?(?: (?:output|generation|response))?(?: (?:tokens?|length))*"
# What our own readers of cards and logs write into a note.
_OURS: Final = re.compile(
    r"^line \d{1,9}: .{1,220} \u00d7 (?:(?!\+ ?\w|\bw/|\b(?:with|using|via)\b).){1,110}$"
    r"|^Taken from (?:the card's model-index|Every Eval Ever, |table \d).*$"
    r"|^The card has results of \d+ models; these are the first one's\.$"
    r"|^Where no unit is printed, shares above 1 were read as percent\..*$|^Left out, since no plain number:.*$"
    r"|^\d+ (?:of \d+ results hold no plain|results have no score that is a) number and are left out\.$"
    r"|^whether .{1,120} is a share of right answers is not known here$"
    r"|^.{1,120} is not read as a share of right answers$|^unit not stated: read as .{1,90}$"
    r"|^printed with \u00b1 \S{1,20}$|^printed with \[[0-9.]{1,20}, [0-9.]{1,20}\]$"
    r"|^cut after twelve decimals$|^verified by the hub$|^a lower value is better$"
    r"|^called (?P<called>.{1,200}) there$|^data set (?P<path>\S{1,200})$",
    re.IGNORECASE,
)
_WHERE: Final = re.compile(r"^(?:(?:footnote|source|beside it|in its row|served as): )+", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?://|www\.|mailto:)\S+|\S+@\S+\.\w+", re.IGNORECASE)
# Phrases of words that may say something else in another sentence.
_PHRASES: Final = re.compile(
    # one answer, and averages over passes
    r"(?:pass|maj)[ _]?(?:@|\^|[ _]at[ _])\s?1(?![0-9])|(?<![a-z])(?:avg|average|mean)@(?:k|n|[0-9]{1,5})(?!\w)"
    rf"|\b(?:average[ds]?|averaging|mean|avg)\b(?: \w+){{0,2}}? (?:over|of|across|from) {_MANY}"
    rf"(?: (?:independent|random|different))? {_PASSES}\b"
    rf"|\bgenerates? {_MANY} responses per (?:query|question|prompt|problem|sample) to estimate\b"
    rf"|\b(?:tested|evaluated|repeated|run) {_MANY} times\b|\b(?:a|one) (?:single )?(?:run|pass|attempt)\b"
    # settings of decoding, and its limits
    r"|\b(?:max|maximum)(?: (?:output|generation|new|response|completion|sequence|context|model|number|of)){0,3}"
    r" (?:lengths?|tokens?|window|size)\b|\bcontext (?:window|length|size)s?\b|\b(?:top|min)[-_ ]?[pk]\b|\btop[- ]?1\b"
    r"|\bt ?= ?[0-9.]+|\bseed ?=? ?[0-9]+\b|\b(?:repetition|presence|frequency) penalty\b"
    rf"|\blimit(?:s|ed)?(?: the)?(?: (?:output|generation|response|context))?(?: (?:length|tokens?))?"
    rf" (?:to|of|at) (?:a |an )?{_TO_TOKENS}"
    # how a number was read
    r"|\b(?:copied|typed|transcribed|entered|checked) by hand\b|\b(?:checked|verified) (?:against|with) (?:the|its)\b"
    r"|\brounded to (?:no|one|two|three|[0-9]) decimals?\b|\b(?:last )?updated (?=20[0-9]{2})|\bsingle run\b"
    r"|\b(?:[0-9]{1,2}(?:st|nd|rd|th)? )?may(?: [0-9]{1,2},?)? 20[0-9]{2}\b"
    # what a table leaves out, and what is said of its benchmarks and models
    r"|\b(?:some )?(?:results|data points|scores|numbers)(?: (?:have|has|were|are|been)){1,2} omitted\b"
    r"(?: due to the failure of the evaluation run)?|\bnot exceeding [0-9.]+|\bif any\b"
    r"|\bnot (?:involved in|part of) the training(?: process)?\b"
    r"|\b(?:benchmarks|datasets|those) (?:with|containing|of) (?:fewer|less|more) than [0-9,]+ (?:samples|questions)\b"
    r"|\bhigh[- ]variance\b|\bopen[- ](?:sourced?|weights?)\b|\bself[- ]reported\b|\bby default\b"
    r"|\bAI2 Reasoning Challenge\b|(?<![0-9] )\bdata points?\b"
    r"|\b(?:the|its|official|original)(?: (?:official|original|public|whole|full|test|evaluation|benchmark))*"
    r" (?:data ?)?sets?\b"
    r"|\bset (?:to|at)\b"
    r"|\b(?:our|your|their) (?:(?:technical|previous|own) )?"
    r"(?:models?|results?|reports?|papers?|blog|release|evaluations?|customer'?s?)\b"
    r"|\bunless otherwise (?:noted|stated|specified)\b|\b(?:pre|post|instruction|instruct)[- ]?(?:trained|tuned)\b",
    re.IGNORECASE,
)
# A part of a benchmark, in figures: "250 of 1,319", "10 % of the set", "100 rows".
_A_PART: Final = re.compile(
    r"(?<!\btable )(?<!\bfigure )(?<!\bpage )(?<!\bsection )(?<!\bline )(?<![\w.,])"
    r"(?:[0-9][0-9,]* (?:out )?of (?:the|them|these|its|all|[0-9][0-9,]*)\b|[0-9.]+ ?(?:%|percent) of \w+"
    r"|[0-9][0-9,]* (?:\w+ )?(?:rows|lines|units|cells|points|tests)\b)"
    r"|\b(?:average[ds]?|averaging|mean)\b(?: \w+){0,3} models\b",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(
    r"\bmarked (?P<mark>\^\{[^{}]{1,3}\}|[*#\u2020\u2021\u00a7\u00b6\u00b9\u00b2\u00b3\u2074-\u2079^0-9]{1,3}(?!\w))"
    r"(?P<said>: )?"
)
_HELPED_BY: Final = re.compile(r"(?:\b(?:by|with|using|via|through|plus)|\+)$", re.IGNORECASE)
_SAYS_WHOSE: Final = re.compile(
    r"\b(?:reported|published|released|announced|provided|stated|made|trained|developed) by$|\bcompared with$",
    re.IGNORECASE,
)
_PAUSES: Final = re.compile(r"[.;:!?](?=\s|$)|[()\[\]\n\u2022]")
# Beside the words of MEASURING: what the numbers of a table are, and what was done to get them.
_OF_MEASURING: Final = re.compile(
    r"\bresults? (?:use|used|with|by|from|are|is|were|was|of|obtained|reported|after|under|in)\b"
    r"|\bwe (?:also )?(?:use|employ|apply|applied|adopt|follow|run|ran|ask|let|allow|give|gave|provide)\w*",
    re.IGNORECASE,
)
_SENTENCES: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+")
_TOKEN: Final = re.compile(r"[^\W_]+")
_FIGURE: Final = re.compile(r"[0-9]+(?:[kmbte]|st|nd|rd|th)?|[av][0-9]+[bm]?|[0-9]+x[0-9]+b?|[kp]", re.IGNORECASE)
_FAMILY: Final = re.compile(r"([a-z]+?)[0-9]*o?")
_MEMBER: Final = re.compile(r"[a-z]?[0-9]{1,4}[a-z]?")
_WORD_OF_NAME: Final = re.compile(r"[^\W_]+(?:\+{1,2}(?!\w))?")
_WITHIN_NAME: Final = re.compile(r"[ \-_/']{0,3}")
_NAMED: Final = r"(?:\x01|\x02|\x03\d+\x03)"
_OWNERS: Final = re.compile(r"['\u2019]s?\b")
_NO_MARKS: Final = dict.fromkeys((1, 2, 3), " ")
_LIST: Final = re.compile(rf"{_NAMED}(?:\s*(?:,\s*(?:and|or)\b|,|/|&|\band\b|\bor\b)\s*{_NAMED})+")
_LONGEST: Final = 6  # words of a benchmark's name
_TYPE: Final = frozenset(words_in("bold bolded boldface underline underlined italic italics highlighted shaded"))
# Shared by benchmarks that have nothing else in common.
_COMMON: Final = frozenset(words_in("pro plus bench benchmark hard easy challenge set test eval qa diamond main mini"))


def words_of_benchmark(name: str) -> frozenset[str]:
    """The words by which a benchmark is called, with its names in the table of facts."""
    fact = lookup(name)
    names = (name, *((fact.id, fact.title, *fact.aliases) if fact else ()))
    return frozenset(word for each in names for word in words_in(each))


def unknown_words(text: str, name: str, own: Collection[str], known: Collection[str] = ()) -> list[str]:
    """The words of a remark that are not known to change nothing, in their order; empty where all are.

    ``name`` is the benchmark's, ``own`` the words of it and of how it is asked, ``known`` further harmless ones. A
    benchmark that is called like this one and is another (*MMLU-Redux* beside MMLU) is not known, unless both stand in
    one list.
    """
    shown = _ADDRESS.sub(" ", _WHERE.sub("", plain(text[:_MOST]).translate(_NO_MARKS)))
    shown = _OWNERS.sub(" ", _PHRASES.sub(" ", _OURS.sub(_held_to_words, shown).replace("_", " ")))
    shown = without_denied_help(without_no_reasoning(shown))
    found = [f"marked {match['mark']}" for match in _MARKED.finditer(shown) if not match["said"]]
    found += _A_PART.findall(shown)
    shown, relatives = _without_benchmarks(without_shots(_MARKED.sub(" ", shown)), name, own)
    for clause in _PAUSES.split(shown):
        found += _unknown_in(clause, {*own, *known})
    if len(text) > _MOST or text.rstrip().endswith("\u2026"):  # a reader of cards has cut it
        found.append("\u2026")
    return list(dict.fromkeys([*found, *relatives]))


def sentences_in(text: str) -> list[str]:
    """The sentences of a text, each with its full stop."""
    return _SENTENCES.split(text)


def sentences_that_matter(text: str, known: Collection[str] = ()) -> str:
    """Of the text near a table the sentences that may change how a number is tested.

    These are what speaks of help, modes, several answers or worked examples; and of those that speak of measuring what
    holds a word that is not known to change nothing. Praise and comparisons have thousands of words, and are left out.
    """
    return " ".join(each for each in sentences_in(text) if changes_a_test(each) or _may_matter(each, known))


def _may_matter(sentence: str, known: Collection[str]) -> bool:
    words = {word.casefold() for word in _TOKEN.findall(plain(sentence))}
    is_foreign = any(ord(character) >= 0x370 and character.isalpha() for character in sentence)
    measures = is_foreign or bool(words & MEASURING) or _OF_MEASURING.search(sentence) is not None
    return measures and bool(unknown_words(sentence, "", (), known))


def _held_to_words(ours: re.Match[str]) -> str:
    """Of a remark of our own readers what a vendor wrote: the name of its data set, without the owner's."""
    _, slash, rest = (ours["path"] or "").partition("/")
    path = rest if slash else ours["path"] or ""
    return ours["called"] or " ".join(part for part in path.split("/") if part not in ("default", "main", "all")) or " "


def _unknown_in(clause: str, known: Collection[str]) -> Iterator[str]:
    words = [(found[0], found.start()) for found in _TOKEN.finditer(clause)]
    said = {word.casefold() for word, _ in words}
    is_of_type, names_models, follows_name = bool(said & _TYPE), bool(said & OF_REPORTS), False
    for printed, at in words:
        word = printed.casefold()
        if follows_name and (word in SUFFIXES or _MEMBER.fullmatch(word)):
            continue
        follows_name = names_models and _is_family(word) and not _helps(clause[:at])
        if (
            follows_name
            or word in WORDS
            or word in known
            or _FIGURE.fullmatch(word)
            or (is_of_type and word in OF_TYPE)
        ):
            continue
        yield printed


def _is_family(word: str) -> bool:
    found = _FAMILY.fullmatch(word)
    return word in FAMILIES or (found is not None and found[1] in FAMILIES)


def _helps(before: str) -> bool:
    """Whether a model that is named after these words may have given or marked the answers."""
    before = before.rstrip(" \"'`*_-/")
    return _HELPED_BY.search(before) is not None and _SAYS_WHOSE.search(before) is None


def _without_benchmarks(text: str, name: str, own: Collection[str]) -> tuple[str, list[str]]:
    """The text without names of benchmarks; and those that are called like this one, are another, and in no list."""
    relatives: list[str] = []
    marked, at = [], 0
    for start, end in benchmarks_in(text):
        printed = text[start:end]
        if _is_relative(printed, name, own):
            relatives.append(printed)
            mark = f"\x03{len(relatives) - 1}\x03"
        else:
            mark = "\x01" if name and set(words_in(printed)) & set(words_in(name)) else "\x02"
        marked += [text[at:start], mark]
        at = end
    shown = _LIST.sub(lambda found: " " if "\x01" in found[0] else found[0], "".join((*marked, text[at:])))
    left = [relatives[int(number)] for number in re.findall(r"\x03(\d+)\x03", shown)]
    return re.sub(_NAMED, " ", shown), left


def _is_relative(printed: str, name: str, own: Collection[str]) -> bool:
    words, named = set(words_in(printed)), set(words_in(name))
    if "+" in printed and "+" not in name and "plus" not in named:
        return bool(words & named)
    return bool(words & named - _COMMON) and not words <= {*own, *named}


def benchmarks_in(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each known benchmark's name in a text, from left to right, the longest name at each place."""
    words = list(_WORD_OF_NAME.finditer(text))
    first = 0
    while first < len(words):
        for last in range(min(first + _LONGEST, len(words)) - 1, first - 1, -1):
            start, end = words[first].start(), words[last].end()
            gaps = (text[words[i].end() : words[i + 1].start()] for i in range(first, last))
            if all(_WITHIN_NAME.fullmatch(gap) for gap in gaps) and lookup(text[start:end]):
                yield start, end
                first = last
                break
        first += 1
