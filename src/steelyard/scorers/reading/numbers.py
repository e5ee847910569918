"""Numbers as people write them: thousands, decimal comma, currency, per cent, millions, fractions, LaTeX."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from steelyard.scorers.reading.dress import FULL_WIDTH, strip_remark, undress
from steelyard.scorers.reading.phrases import NUMBER_WORDS

__all__ = ["Number", "currencies_in", "numbers_in", "plain_number", "sole_numbers", "target_number"]

MAX_DIGITS = 100
MAX_EXPONENT = 300
_SIGN = r"(?:(?<![0-9A-Za-z)\]])(?:[-−+][ ]?|–(?=[0-9$€£.])))?"  # a sign, but not the minus of 16-3
_DIGITS = (
    r"(?:[0-9]{1,3}(?:[,'’\u00a0\u202f][0-9]{3})+(?![0-9])"  # 1,234,567
    r"|[0-9]{1,3}(?: [0-9]{3})+(?![0-9])"  # 1 234 567
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,}(?![0-9])"  # 1.234.567
    r"|[0-9]{1,3}(?:\.[0-9]{3})+(?=,[0-9])"  # 1.234,5
    r"|[0-9]+)"
    r"(?:[.,][0-9]+)?"
)
_SCALES = {
    "thousand": 10**3, "tausend": 10**3, "mille": 10**3, "mil": 10**3, "k": 10**3, "万": 10**4, "萬": 10**4,
    "millionen": 10**6, "millions": 10**6, "million": 10**6, "millones": 10**6, "mio": 10**6, "m": 10**6, "億": 10**8,
    "亿": 10**8, "milliarden": 10**9, "milliards": 10**9, "billion": 10**9, "mrd": 10**9, "b": 10**9, "bn": 10**9,
}  # fmt: skip
_LONG_SCALES = "|".join(word for word in _SCALES if word.isascii() and len(word) > 2)
_PER_CENT = "percent|per cent|prozent|pour cent|por ciento|per cento"
_NUMBER = re.compile(
    rf"(?<![0-9A-Za-z_^.,])(?P<sign>{_SIGN})(?P<currency>[$€£¥]?[ ]?)(?P<digits>{_DIGITS}|\.[0-9]+)"
    r"(?P<slash>[ ]?/[ ]?(?P<denominator>[0-9]+))?(?:\^\{?(?P<power>[0-9]{1,2})\}?)?"
    r"(?:[eE](?P<exponent>[-+]?[0-9]{1,3})(?![0-9A-Za-z]))?"
    rf"(?P<rest>\s?%|\s?\\%|\s?(?:{_PER_CENT})\b|\s?(?:{_LONG_SCALES})\b"
    r"|(?-i:k|K|M|B|bn)\b|\s?[万萬億亿])?",
    re.IGNORECASE,
)
_LATEX_SPACE = re.compile(r"(?<=[0-9])\\ (?=[0-9]{3}(?![0-9]))")  # 70\ 000
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([0-9]{1,50})\}\s*\{([0-9]{1,50})\}|([0-9])([0-9]))")
_MIXED = re.compile(r"(?<![0-9.,/^])([0-9]{1,9})[ ]([0-9]{1,2})/([0-9]{1,2})(?![0-9/])")  # "1 1/2"
_VULGAR = {each: unicodedata.normalize("NFKC", each).replace("⁄", "/") for each in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_RAISED = re.compile(r"(?<=[0-9])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}")
_DATE = re.compile(r"(?<![0-9.])([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?![0-9.])")
_MINUS = re.compile(r"(?:\b(?:minus|negative|moins|negativ)[ ]+|マイナス|負の|零下|负)(?=[0-9])", re.IGNORECASE)
_POWER = re.compile(r"(?<=[0-9])\s*(?:×|\\times|\*|·|\\cdot)\s*10\s?\^\s?\{?([-−+]?[0-9]{1,3})\}?")
_NEGATIVE = ("minus ", "negative ", "moins ", "negativ ")
_AFTER = re.compile(r"[=≈]|\\approx|\\to|→|⇒")


_CURRENCIES = {
    "€": "€", "eur": "€", "euro": "€", "euros": "€", "$": "$", "usd": "$", "dollar": "$", "dollars": "$",
    "us-dollar": "$", "us$": "$", "£": "£", "gbp": "£", "¥": "¥", "jpy": "¥", "yen": "¥",
    "chf": "chf", "franken": "chf", "sfr": "chf",
}  # fmt: skip
_CURRENCY_NAMES = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_CURRENCY_WORD = re.compile(rf"(?<![^\W\d_])(?:{_CURRENCY_NAMES})(?![^\W\d_])", re.IGNORECASE)
_GLUED = re.compile(rf"(?<![^\W\d_])(?:{_CURRENCY_NAMES})(?=[0-9])", re.IGNORECASE)  # CHF2.50
_CURRENCY = re.compile(
    rf"\A(?:{_CURRENCY_NAMES})\.?\s*(?=[-−+0-9.])|(?<=[0-9])\s*(?:{_CURRENCY_NAMES})\.?\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it is read first, and the other values that the same writing can have."""

    value: Fraction
    others: frozenset[Fraction] = frozenset()


def numbers_in(text: str) -> list[Number]:
    """The numbers of a text in order; digits inside a word or an exponent (``CO2``, ``m^2``) are none.

    Numbers of more than 100 digits are left out.
    """
    return list(_numbers_in(text))


@lru_cache(maxsize=16)  # one answer is read in several ways, one after another
def _numbers_in(text: str) -> tuple[Number, ...]:
    text = text.replace("{,}", ",").replace("\\,", " ").replace("\\$", "$").replace("\\!", "")
    text = _LATEX_SPACE.sub(" ", text)
    text = _MINUS.sub("-", _plain_fractions(text.translate(FULL_WIDTH).replace("⁄", "/")))
    text = _DATE.sub(r"\1; \2; \3", text.replace("10−", "10-"))
    text = re.sub(r"(?<=[0-9])_(?=[0-9]{3})", "", text)
    text = _GLUED.sub(r"\g<0> ", text)
    text = _POWER.sub(lambda power: "e" + power[1].replace("−", "-"), text)
    found = (_read(match) for match in _NUMBER.finditer(text))
    return tuple(number for number in found if number is not None)


def _plain_fractions(text: str) -> str:
    r"""``\frac{1}{2}``, ``\frac12``, ``½`` and mixed numbers as n/d; powers in raised digits with ``^``."""
    text = _FRACTION.sub(lambda found: f" {found[1] or found[3]}/{found[2] or found[4]}", text)
    for sign, plain in _VULGAR.items():
        text = text.replace(sign, f" {plain}")
    text = _RAISED.sub(lambda found: "^" + unicodedata.normalize("NFKC", found[0]).replace("−", "-"), text)
    return _MIXED.sub(_improper, text)


def _improper(found: re.Match[str]) -> str:
    whole, numerator, denominator = map(int, found.groups())
    return f"{whole * denominator + numerator}/{denominator}" if numerator < denominator else found[0]


@lru_cache(maxsize=256)
def target_number(text: str) -> Number | None:
    """The number that a target is, ``1,234.5``, ``$18`` or ``2,50 EUR``; None where it is more than that."""
    text = _CURRENCY.sub("", _plain_fractions(text).strip())
    found = _NUMBER.fullmatch(text.strip())
    return None if found is None else _read(found)


def plain_number(text: str) -> Fraction | None:
    """The value that :func:`target_number` reads first."""
    number = target_number(text)
    return None if number is None else number.value


def currencies_in(text: str) -> frozenset[str]:
    """The currencies that a text names, by their signs."""
    found = (each.group().strip().casefold() for each in _CURRENCY_WORD.finditer(text))
    return frozenset(_CURRENCIES[word] for word in found)


def sole_numbers(content: str) -> list[Number]:
    """The numbers that a short answer can mean: those after its last ``=``, without a remark in brackets.

    A number word alone (*three*) is read too.
    """
    content = strip_remark(undress(content.translate(FULL_WIDTH)))
    last = None
    for last in _AFTER.finditer(content):  # noqa: B007 — the last one is wanted
        pass
    if last is not None and (found := numbers_in(content[last.end() :])):
        return found
    return numbers_in(content) or _of_word(undress(content).casefold())


def _of_word(word: str) -> list[Number]:
    sign = -1 if word.startswith(_NEGATIVE) else 1
    word = word.removeprefix("a ").partition(" ")[2] if sign < 0 else word
    return [Number(Fraction(sign * NUMBER_WORDS[word]))] if word in NUMBER_WORDS else []


def _read(match: re.Match[str]) -> Number | None:
    digits, denominator = match["digits"], match["denominator"]
    exponent = int(match["exponent"] or 0)
    if sum(map(str.isdigit, match.group())) > MAX_DIGITS or (denominator and not denominator.strip("0")):
        return None
    if abs(exponent) > MAX_EXPONENT:
        return None
    first, others = _values(digits)
    factor = (Fraction(10) ** exponent if exponent else Fraction(1)) / int(denominator or 1)
    power = int(match["power"] or 1)
    if power > 1 and len(digits) * power > MAX_DIGITS:
        return None
    is_bullet = match["sign"] == "- " and (match.start() == 0 or match.string[match.start() - 1] == "\n")
    sign = -1 if match["sign"].strip() in ("-", "−", "–") and not is_bullet else 1
    factor *= sign
    scale = _SCALES.get((match["rest"] or "").strip().casefold(), 1)
    bases = (first, *others)
    if match["power"]:
        others = (first, *(other**power for other in others))
        first = first**power
    values = {first * factor * scale, *(other * factor * scale for other in others)}
    if is_bullet or match["sign"] == "–":
        values |= {-value for value in values}
    if match["slash"] and " " in match["slash"]:  # "3 / 4", or two numbers
        values |= {*bases, Fraction(denominator)}
    if "%" in (match["rest"] or "") or (match["rest"] or "").strip().casefold() in _PER_CENT.split("|"):
        values |= {value / 100 for value in values}
    if scale != 1:
        values |= {first * factor}
    value = first * factor * scale
    return Number(value, frozenset(values - {value}))


def _values(digits: str) -> tuple[Fraction, tuple[Fraction, ...]]:
    """A writing as English reads it first, and as German or French would where that differs."""
    plain = re.sub(r"[ '’\u00a0\u202f]", "", digits)
    commas, points = plain.count(","), plain.count(".")
    if commas and points:
        decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
        return Fraction(plain.replace("," if decimal == "." else ".", "").replace(",", ".")), ()
    if points > 1:
        return Fraction(plain.replace(".", "")), ()
    if commas > 1:
        return Fraction(plain.replace(",", "")), ()
    if not commas and not points:
        return Fraction(plain), ()
    whole, _, rest = plain.partition("," if commas else ".")
    decimal_value = Fraction(f"{whole or '0'}.{rest}")
    if len(rest) != 3 or not 1 <= len(whole) <= 3 or whole == "0":
        return decimal_value, (Fraction(whole), Fraction(rest)) if commas else ()  # "1,2" may be a list
    thousands = Fraction(whole + rest)
    return (thousands, (decimal_value,)) if commas else (decimal_value, (thousands,))
