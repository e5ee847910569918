"""Pairs of questions that ask the same, and pairs that do not, made by seed from questions of GSM8K and BBH."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

__all__ = ["EDITS", "OUTSIDE", "SIMILAR", "TWINS", "questions"]

Change = Callable[[str, Random], str | None]

_WORD = re.compile(r"[A-Za-z]{5,}")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SYNONYMS = (
    ("buys", "purchases"),
    ("bought", "purchased"),
    ("buy", "purchase"),
    ("start", "begin"),
    ("starts", "begins"),
    ("big", "large"),
    ("kids", "children"),
    ("store", "shop"),
    ("gets", "receives"),
    ("needs", "requires"),
    ("picked", "selected"),
    ("finish", "complete"),
    ("movie", "film"),
    ("amount", "quantity"),
    ("two", "2"),
    ("three", "3"),
    ("five", "5"),
    ("whole", "entire"),
    ("following", "below"),
    ("list", "array"),
    ("right", "correct"),
    ("about", "approximately"),
    ("cars", "automobiles"),
    ("home", "house"),
    ("answer", "reply"),
)
OPPOSITES = (
    ("more", "less"),
    ("older", "younger"),
    ("left", "right"),
    ("first", "last"),
    ("before", "after"),
    ("always", "never"),
    ("most", "least"),
    ("newest", "oldest"),
    ("with", "without"),
    ("all", "some"),
    ("above", "below"),
    ("true", "false"),
    ("and", "or"),
    ("total", "average"),
    ("day", "week"),
    ("each", "all"),
    ("old", "new"),
    ("morning", "evening"),
    ("sold", "bought"),
)


def questions(data: Path, of_gsm8k: int, of_each_bbh_task: int) -> list[str]:
    """The first questions of GSM8K's test set, and of each task of BBH."""
    texts = [(data / "openai/gsm8k/main/test.jsonl", "question", of_gsm8k)]
    texts += [(path, "input", of_each_bbh_task) for path in sorted((data / "lukaemon/bbh").rglob("test.jsonl"))]
    return [
        json.loads(line)[key]
        for path, key, count in texts
        for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")[:count]
    ]


def _space(text: str, random: Random) -> str | None:
    return re.sub(" ", lambda _: random.choice([" ", " ", "  ", "\N{NO-BREAK SPACE}", "\t", " \n"]), f" {text} ")


def _case(text: str, random: Random) -> str | None:
    return random.choice([str.upper, str.lower, str.title, str.swapcase])(text)


def _punctuation(text: str, random: Random) -> str | None:
    kind = random.randrange(3)
    if kind == 0:
        return re.sub(r"[,?!;:\"'](?!\d)|\.(?=\s|$)", "", text)
    if kind == 1 and not _NUMBER.search(text):
        return text.replace("'", "’").replace("-", "\N{NON-BREAKING HYPHEN}").replace(".", " .")
    return text + "??" if kind == 1 else text.rstrip("?.") + " ..."


def _typed(word: str, random: Random) -> str:
    place = random.randrange(1, len(word) - 1)
    kind = random.randrange(4)
    if kind == 0 and word[place] != word[place + 1]:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    row = next((row for row in _KEYS if word[place].lower() in row), "")
    if not row:
        return word[:place] + word[place + 1 :]
    key = row.index(word[place].lower())
    return word[:place] + (row[key - 1] if key else row[key + 1]) + word[place + 1 :]


def _typos(text: str, random: Random) -> str | None:
    """One typing error, or two in a long text."""
    words = list(_WORD.finditer(text))
    count = 1 + (len(text.split()) > 30 and random.random() < 0.5)
    if len(words) < count:
        return None
    for word in sorted(random.sample(words, count), key=lambda word: -word.start()):
        text = text[: word.start()] + _typed(word[0], random) + text[word.end() :]
    return text


def _order(text: str, random: Random) -> str | None:
    """The question before what it is about, or its *if* clause behind it."""
    sentences = re.split(r"(?<=[.?!])\s+", text.strip())
    clause = re.fullmatch(r"(If [^,?]+), ([^,?]+)\?", sentences[-1])
    if clause and (len(sentences) == 1 or random.random() < 0.5):
        asked = clause[2][0].upper() + clause[2][1:]
        return " ".join([*sentences[:-1], f"{asked}, {clause[1][0].lower()}{clause[1][1:]}?"])
    if len(sentences) > 1 and sentences[-1].endswith("?") and sum(each.endswith("?") for each in sentences) == 1:
        return " ".join([sentences[-1], *sentences[:-1]])
    return None


def _whole(word: str) -> str:
    return rf"(?<![\w.,/:$-]){word}(?![\w%/:-]|[.,]\d)"


def _replaced(pairs: tuple[tuple[str, str], ...]) -> Change:
    def change(text: str, random: Random) -> str | None:
        found = [
            pair for pair in (*pairs, *((second, first) for first, second in pairs)) if re.search(_whole(pair[0]), text)
        ]
        if not found:
            return None
        old, new = random.choice(found)
        return re.sub(_whole(old), new, text, count=1)

    return change


POLITE = (
    "Please answer:\n{}", "Hello! {} Thanks!", "Could you please tell me: {}", "{} Thank you very much.",
    "Hi there, {}",
    "{} Please.", "Good morning. {} Thanks in advance!", "I have a question. {}", "Please, {}", "Bonjour, {} Merci.",
)  # fmt: skip


def _polite(text: str, random: Random) -> str | None:
    before, after = random.choice(POLITE).split("{}")
    return before + text + after


def _two(text: str, random: Random) -> str | None:
    for name in random.sample(sorted(set(EDITS) - {"two of these"}), 2):
        text = EDITS[name](text, random) or text
    return text


EDITS: dict[str, Change] = {
    "white space": _space,
    "case": _case,
    "punctuation": _punctuation,
    "typing errors": _typos,
    "order of parts": _order,
    "synonym": _replaced(SYNONYMS),
    "politeness": _polite,
    "two of these": _two,
}


def _number(text: str, random: Random) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    number = random.choice(found)
    return text[: number.start()] + str(int(number[0]) + random.choice([1, 2, 10])) + text[number.end() :]


def _swapped(text: str, random: Random) -> str | None:
    """Two names, or two numbers, in each other's place."""
    for pattern in random.sample([_NAME, _NUMBER], 2):
        found = sorted(set(pattern.findall(text)))
        if len(found) > 1:
            first, second = random.sample(found, 2)
            changed = re.sub(rf"\b{first}\b", "\0", text)
            return re.sub("\0", second, re.sub(rf"\b{second}\b", first, changed))
    return None


def _negation(text: str, random: Random) -> str | None:
    if re.search(r"\bnot\b", text) and random.random() < 0.5:
        return re.sub(r"\bnot ", "", text, count=1)
    found = list(re.finditer(r"\b(is|are|was|were|has|does|did|can|will|do)\b", text))
    if not found:
        return None
    place = random.choice(found).end()
    return f"{text[:place]} {random.choice(['not', 'never', 'no longer'])}{text[place:]}"


def _name(text: str, random: Random) -> str | None:
    found = sorted(set(_NAME.findall(text)))
    if not found:
        return None
    new = random.choice(["Marion", "Pedro", "Iris", "Walter", "Zoe", "Olga", "Austria", "Niger", "Friday"])
    return None if new in found else re.sub(rf"\b{random.choice(found)}\b", new, text)


def _another_word(text: str, random: Random) -> str | None:
    """A word of the question in the place of another one."""
    words = list(_WORD.finditer(text))
    if not words:
        return None
    old, new = random.choice(words), random.choice(words)[0]
    changed = text[: old.start()] + new + text[old.end() :]
    return None if changed.casefold() == text.casefold() else changed


def _one_more(text: str, random: Random) -> str | None:
    words = text.split(" ")
    place = random.randrange(1, len(words)) if len(words) > 1 else 0
    return " ".join(
        [*words[:place], random.choice(["only", "twice", "other", "half", "red", "average", "next"]), *words[place:]]
    )


TWINS: dict[str, Change] = {
    "a number": _number,
    "two names or numbers swapped": _swapped,
    "a negation": _negation,
    "an opposite": _replaced(OPPOSITES),
    "another name": _name,
    "another word of the question": _another_word,
    "one more word": _one_more,
}


def _any_letter(text: str, random: Random) -> str | None:
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = random.choice(words)
    place = random.randrange(word.start() + 1, word.end())
    return (
        text[:place] + random.choice("abcdefghijklmnopqrstuvwxyz".replace(text[place].lower(), "")) + text[place + 1 :]
    )


OTHER_SYNONYMS = (
    ("money", "cash"),
    ("people", "persons"),
    ("week", "seven days"),
    ("friend", "pal"),
    ("day", "24 hours"),
    ("many", "numerous"),
    ("make", "produce"),
    ("costs", "is priced at"),
    ("total", "overall"),
    ("likes", "enjoys"),
    ("woman", "lady"),
    ("string", "text"),
)

# What the rules are not made for: the same question by other means.
OUTSIDE: dict[str, Change] = {
    "a letter from anywhere on the keyboard": _any_letter,
    "a synonym that is on no list": _replaced(OTHER_SYNONYMS),
}

# Words that are one typing error apart, or nearly, and mean another thing.
SIMILAR = (
    "Austria Australia;Iran Iraq;Gambia Zambia;Niger Nigeria;Slovakia Slovenia;Mali Malta;Guinea Guyana;"
    "Austria Austrian;Paraguay Uruguay;ethane ethene;sulfate sulfite;methane methene;nitrate nitrite;"
    "hypotension hypertension;hypoglycemia hyperglycemia;afferent efferent;mitosis meiosis;ileum ilium;"
    "import export;increase decrease;inner outer;typical atypical;moral amoral;possible impossible;"
    "causal casual;trial trail;diary dairy;county country;adopt adapt;affect effect;form from;angel angle;"
    "desert dessert;quite quiet;united untied;sacred scared;statue statute;eminent imminent;"
    "personal personnel;principal principle;stationary stationery;complement compliment;discreet discrete;"
    "minor miner;prescribe proscribe;plan plant;hours house;male female;Jane Janet;Maria Marie"
    ";employer employee;payer payee;insured insurer;provide provider;debit debt;Kunde Kunden;Miete Mieter"
)
