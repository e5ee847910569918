"""API keys, tokens, passwords and private keys.

Found are keys by the prefix that their issuer gives them, private keys by their armour, passwords by what is written
before them, and long random tokens beside a word such as *key*. Prefixes are those that the issuers document for the
scanners of code hosts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from steelyard.suites.redaction.span import Span

__all__ = [
    "entropy",
    "find_keys",
    "find_passwords",
    "find_private_keys",
    "find_random_tokens",
    "find_url_credentials",
    "is_random",
]

_PREFIXED: Final = (
    r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_-]{16,}+",  # OpenAI, Anthropic and others
    r"(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}+", r"whsec_[A-Za-z0-9+/=]{16,}+",  # Stripe
    r"gh[pousr]_[A-Za-z0-9]{20,}+", r"github_pat_[A-Za-z0-9_]{20,}+",
    r"gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[A-Za-z0-9_.-]{16,}+",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",  # Amazon
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}+", r"xapp-\d-[A-Za-z0-9-]{10,}+",  # Slack
    r"AIza[A-Za-z0-9_-]{30,}+", r"ya29\.[A-Za-z0-9_-]{20,}+", r"GOCSPX-[A-Za-z0-9_-]{20,}+",  # Google
    r"(?:hf|api_org)_[A-Za-z0-9]{20,}+", r"npm_[A-Za-z0-9]{30,}+", r"pypi-AgE[A-Za-z0-9_-]{30,}+",
    r"gsk_[A-Za-z0-9]{20,}+", r"xai-[A-Za-z0-9]{20,}+", r"pplx-[A-Za-z0-9]{20,}+", r"nvapi-[A-Za-z0-9_-]{20,}+",
    r"r8_[A-Za-z0-9]{20,}+", r"lsv2_[a-z]{2}_[A-Za-z0-9_]{20,}+", r"do[opr]_v1_[a-f0-9]{32,}+",
    r"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    r"dckr_pat_[A-Za-z0-9_-]{20,}+", r"hv[sb]\.[A-Za-z0-9_-]{20,}+", r"dapi[a-f0-9]{32}", r"dp\.pt\.[A-Za-z0-9]{30,}+",
    r"lin_api_[A-Za-z0-9]{30,}+", r"ntn_[A-Za-z0-9]{30,}+", r"secret_[A-Za-z0-9]{40,}+", r"sbp_[a-f0-9]{40}",
    r"PMAK-[A-Za-z0-9-]{30,}+", r"gl(?:sa|c)_[A-Za-z0-9_+/=]{30,}+",
    r"ATATT3[A-Za-z0-9_=-]{30,}+", r"NRAK-[A-Z0-9]{27}",
    r"key-[a-f0-9]{32}(?![A-Za-z0-9])", r"(?:SK|AC)[a-f0-9]{32}(?![A-Za-z0-9])", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}+",
    r"\d{8,10}:AA[A-Za-z0-9_-]{32,}+",  # Telegram
    r"(?<![_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){1,3}",  # a JSON Web Token (RFC 7519)
)  # fmt: skip
_KEY: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXED)})", re.ASCII)
_WEBHOOK: Final = re.compile(r"hooks\.slack\.com/services/([A-Z0-9]{5,20}/[A-Z0-9]{5,20}/[A-Za-z0-9]{16,40})", re.ASCII)

# RFC 7468, PGP (RFC 9580) and PuTTY. The lines of the key are taken, also where the end was cut off, or where line
# breaks are written \n.
_BREAK: Final = r"(?:\s|\\[nr]){1,4}+"
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rf"(?:{_BREAK}[A-Za-z-]{{1,24}}+: [^\n\\]{{0,200}}+){{0,6}}+"
    rf"(?:{_BREAK}[A-Za-z0-9+/]{{20,}}+={{0,2}})*+"
    r"(?:(?:\r?\n|\\n)=?[A-Za-z0-9+/]{1,76}+={0,2}(?=\r?\n|[\\\"']|\Z)){0,2}+"
    rf"(?:{_BREAK}-----END [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----)?"
)
_PUTTY: Final = re.compile(r"PuTTY-User-Key-File-\d:[^\n]{0,200}+(?:\n[A-Za-z0-9+/=: -]{1,200}+){1,200}+")

_AUTHORITY: Final = re.compile(r"://([^\s/?#\"'<>]{1,512}+)")

_BEFORE_PASSWORDS: Final = (
    r"pass(?:word|wort|wd|phrase|code)?|pwd|pw|kennwort|kennung|zugangscode|mot de passe|mdp|contraseña|contrasena|"
    r"clave|parola d'ordine|parola chiave|pin|cvv|cvc|puk"
)
_BEFORE_KEYS: Final = (
    r"(?:api|access|secret|private|auth|account|client|signing|encryption|master|storage|shared|license|session|aws|azure|"
    r"app|bot|refresh|bearer|webhook)[ _-]?(?:access[ _-]?)?(?:key|token|secret)|"
    r"secret|token|schlüssel|zugangsschlüssel|api-schlüssel|clé|jeton|clave de api|chiave|segreto"
)
_ASSIGNED: Final = r"[\"'`]?\s{0,3}(?::=|=>|[:=])\s{0,3}"
_VALUE: Final = r"(?:\"([^\"\n]{3,200})\"|'([^'\n]{3,200})'|`([^`\n]{3,200})`|([^\s\"'`<>]{3,200}+))"
_UNQUOTED: Final = 4
_PASSWORD: Final = re.compile(rf"(?i)(?<![^\W_])(?:{_BEFORE_PASSWORDS}){_ASSIGNED}{_VALUE}")
_SECRET: Final = re.compile(rf"(?i)(?<![^\W_])(?:{_BEFORE_KEYS}){_ASSIGNED}{_VALUE}")
_SAID: Final = re.compile(
    rf"(?i)(?<!\w)(?:{_BEFORE_PASSWORDS})"
    r"(?: (?:for|to|of|für|zum|zur|vom|de|du|pour|para|del|per|di) [^\n.:;=]{1,30}?)?"
    rf"\s{{1,3}}(?:is|was|ist|war|lautet|est|es|è|e'|era)\s?:?\s{{1,3}}(?:now |jetzt )?{_VALUE}"
)
_CODE: Final = re.compile(r"(?i)(?<!\w)(?:pin|cvv2?|cvc2?|puk)(?:-?code|-?nummer)? (\d{3,8})(?!\w)")
_LOGIN: Final = re.compile(r"(?<!\w)(?:-u|--user)[ =]{1,2}([\w.@+-]{1,64}:[^\s\"']{1,128}+)")
_HEADER: Final = re.compile(r"(?i)(?<!\w)(?:bearer|basic)\s{1,3}([A-Za-z0-9+/_.~=-]{16,4096}+)")
# What stands for a value, or is code that gets one.
_NO_VALUE: Final = re.compile(
    r"(?i)(?:none|null|nil|true|false|required|optional|string|str|text|password|passwort|kennwort|changeme_?|undefined|empty|"
    r"[*x•.]+|\$[a-z_]+|\$\{.*|\{.*|<.*|%\w+%|\[[A-Z_]+_\d+\].*|[\w.]+[(\[].*|(?:os|process|self|args|config|settings|env)\..*)"
)
_END_MARKS: Final = ".,;:!?)]}»”"

_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,512}+={0,2}", re.ASCII)
_NEAR: Final = re.compile(
    r"(?i)key|token|secret|passw|passphrase|credential|authori[sz]ation|bearer|schlüssel|kennwort|zugangsdaten|geheim|"
    r"\bclé|jeton|mot de passe|\bclave|contraseñ|secreto|chiave|segret|parola"
)
_BEFORE, _BEHIND = 48, 24
_PIECE: Final = re.compile(r"[A-Za-z0-9]+")
_SHORT: Final = re.compile(r"[A-Za-z]{1,2}|\d{1,4}")
_CAMEL: Final = re.compile(r"(?:[A-Za-z][a-z]{2,}+\d{0,2}+|[A-Z]{2,}+\d{0,2}+)++")
_HUMP: Final = re.compile(r"[A-Za-z][a-z]{2,}+|[A-Z]{2,}+")
_NUMBER: Final = re.compile(r"\d+")
_LETTERS_A_HUMP: Final = 3.5
_HEXADECIMAL: Final = re.compile(r"[0-9a-f-]*\d[0-9a-f-]*|[0-9A-F-]*\d[0-9A-F-]*")
_SAME_CASE: Final = re.compile(r"[a-z]+|[A-Z]+")
_FEWEST_RANDOM: Final = 12
_LEAST_BITS: Final = 2.5  # a character; 16 random hexadecimal digits have 3.2 on average


def find_keys(text: str) -> Iterator[Span]:
    """Keys by their issuer's prefix, JSON Web Tokens, and what follows *Bearer* or *Basic* in a header."""
    for found in _KEY.finditer(text):
        if found[0].startswith("sk-") and not any(map(str.isdigit, found[0])):
            continue  # words with hyphens, such as classes of scikit-learn's pages
        yield Span(*found.span(), "KEY")
    for found in _WEBHOOK.finditer(text):
        yield Span(*found.span(1), "KEY")
    for found in _HEADER.finditer(text):
        if any(map(str.isdigit, found[1])):
            yield Span(*found.span(1), "KEY")


def find_private_keys(text: str) -> Iterator[Span]:
    """Private keys in PEM, PGP and PuTTY armour, all their lines."""
    for pattern in (_PRIVATE_KEY, _PUTTY):
        for found in pattern.finditer(text):
            yield Span(*found.span(), "PRIVATE_KEY")


def find_url_credentials(text: str) -> Iterator[Span]:
    """User name and password in a URL (RFC 3986 §3.2.1) where it has both, and in curl's ``-u``."""
    for found in _AUTHORITY.finditer(text):
        user, at, _ = found[1].rpartition("@")
        if at and ":" in user.strip(":"):
            yield Span(found.start(1), found.start(1) + len(user), "CREDENTIALS")
    for found in _LOGIN.finditer(text):
        yield Span(*found.span(1), "CREDENTIALS")


def find_passwords(text: str) -> Iterator[Span]:
    """What is assigned to a password or a secret (``password: …``, ``"api_key": "…"``), or said to be a password."""
    for pattern, kind, is_one in (
        (_PASSWORD, "PASSWORD", _is_assigned), (_SECRET, "KEY", _is_secret), (_SAID, "PASSWORD", _is_said),
    ):  # fmt: skip
        for found in pattern.finditer(text):
            group = found.lastindex or 0
            start, end = found.span(group)
            if not is_one(found[group]):
                continue
            if group == _UNQUOTED:  # what ends the sentence is not part of it
                end = start + max(len(found[group].rstrip(_END_MARKS)), 1)
            yield Span(start, end, kind)
    for found in _CODE.finditer(text):
        yield Span(*found.span(1), "PASSWORD")


def _is_assigned(value: str) -> bool:
    return len(value) >= 3 and not _NO_VALUE.fullmatch(value)


def _is_secret(value: str) -> bool:
    return (any(map(str.isdigit, value)) or is_random(value)) and len(value) >= 8 and not _NO_VALUE.fullmatch(value)


def _is_said(value: str) -> bool:
    return _is_assigned(value) and not value.isalpha()


def find_random_tokens(text: str) -> Iterator[Span]:
    """Tokens of 16 characters and more that look random, beside a word such as *key*, *token* or *Passwort*."""
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        around = text[max(0, start - _BEFORE) : start], text[end : end + _BEHIND]
        if is_random(found[0]) and any(map(_NEAR.search, around)):
            yield Span(start, end, "KEY")


def is_random(token: str) -> bool:
    """Whether at least 12 of its characters are in pieces that are no words, with 2.5 bits of entropy a character.

    The pieces are split at everything that is neither letter nor digit. Words are letters, also in camel case, with up
    to two digits behind one or two of them, and numbers of up to four digits; the entropy is Shannon's. Letters alone
    are random where their case changes every four letters or sooner. Hexadecimal digits are one piece.
    """
    if _HEXADECIMAL.fullmatch(token) and not token.replace("-", "").isdigit():
        return entropy(token) >= _LEAST_BITS
    joined = "".join(piece for piece in _PIECE.findall(token) if not _is_words(piece))
    if len(joined) < _FEWEST_RANDOM or joined.isdigit():
        return False
    if joined.isalpha() and len(joined) > 4 * len(_SAME_CASE.findall(joined)):
        return False
    return entropy(joined) >= _LEAST_BITS


def _is_words(piece: str) -> bool:
    if not _CAMEL.fullmatch(piece):
        return _SHORT.fullmatch(piece) is not None
    numbers = _NUMBER.findall(piece)
    letters = len(piece) - sum(map(len, numbers))
    return len(numbers) <= 2 and letters >= _LETTERS_A_HUMP * len(_HUMP.findall(piece))


def entropy(text: str) -> float:
    """Shannon's entropy of the frequencies of a text's characters, in bits a character; 0 for the empty text."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
