"""Texts with planted personal data and secrets, drawn by seed: in German, French, Italian, Spanish and English.

Numbers get their check digits from the arithmetic here, not from the code that is measured. How a phone number is
written follows DIN 5008, ITU-T E.123 and the usual groupings of each country; a number is drawn with a word such as
*phone* before it in half of the texts.
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from bench.redaction_people import NATIONAL

__all__ = ["KINDS", "LANGUAGES", "Planted", "planted_texts"]

LANGUAGES = ("de", "fr", "it", "es", "en")


@dataclass(frozen=True)
class Planted:
    """A text, and where in it (half-open, characters) a value of this kind was planted."""

    text: str
    start: int
    end: int
    kind: str
    language: str


NEUTRAL = {
    "de": (
        "Bitte melden Sie sich unter {} bis Freitag.",
        "Meine Angaben: {}, mit freundlichen Grüßen",
        "Kunde 17 ({}) wartet.",
    ),
    "fr": ("Merci de répondre à {} avant vendredi.", "Mes coordonnées : {}, cordialement", "Le client 17 ({}) attend."),
    "it": ("Risponda a {} entro venerdì.", "I miei dati: {}, cordiali saluti", "Il cliente 17 ({}) aspetta."),
    "es": ("Responda a {} antes del viernes.", "Mis datos: {}, un saludo", "El cliente 17 ({}) espera."),
    "en": ("Please answer to {} by Friday.", "My details: {}, kind regards", "Customer 17 ({}) is waiting."),
}
PHONE_WORDS = {
    "de": ("Tel. {}", "Sie erreichen mich auf dem Handy: {}.", "Telefon {} (werktags)"),
    "fr": ("Tél. : {}", "Mon portable : {}.", "Téléphone {} (en semaine)"),
    "it": ("Tel. {}", "Il mio cellulare: {}.", "Telefono {} (feriali)"),
    "es": ("Tel. {}", "Mi móvil: {}.", "Teléfono {} (laborables)"),
    "en": ("Phone: {}", "You can call me at {}.", "Mobile {} (weekdays)"),
}
KEY_WORDS = {
    "de": ("Der API-Schlüssel lautet {}.", "Token: {}", "Unser geheimer Schlüssel ist {}, bitte löschen"),
    "fr": ("La clé d'API est {}.", "Jeton : {}", "Voici la clé secrète {}, à supprimer"),
    "it": ("La chiave API è {}.", "Token: {}", "Ecco la chiave segreta {}, da cancellare"),
    "es": ("La clave de la API es {}.", "Token: {}", "Esta es la clave secreta {}, hay que borrarla"),
    "en": ("The API key is {}.", "export SERVICE_TOKEN={}", "Here is the client secret {}, please delete it"),
}
PASSWORD_WORDS = {
    "de": ("Passwort: {}", "Kennwort = {}", "Mein Passwort ist {}"),
    "fr": ("mot de passe : {}", "mdp: {}", "Mon mot de passe est {}"),
    "it": ("password: {}", "PASSWORD={}", "La password è {}"),
    "es": ("contraseña: {}", "Contraseña = {}", "Mi contraseña es {}"),
    "en": ("password: {}", '{{"password": "{}"}}', "my password is {}"),
}
# A digit for each N from 0 to 9, for each X from 2 to 9.
PHONES = {
    "de": (
        "+49 30 XNNNNNN",
        "+49 (0)89 XNNNNN-NN",
        "0049 171 XNNNNNN",
        "030 XNNNNNNN",
        "030/XNN NN NN",
        "(040) XNN NN NN",
        "0171 XNNNNNN",
        "0171-XNNNNNN",
        "0151/XNNNNNNN",
        "089 XNNN-0",
        "+49-221-XNNNNNN",
        "+49171XNNNNNN",
        "0176XNNNNNNN",
        "05251 XN NN NN",
        "(0 30) X NN NN NN",
        "0201 / XN NN NN",
    ),
    "fr": (
        "+33 1 XN NN NN NN",
        "01 XN NN NN NN",
        "01.XN.NN.NN.NN",
        "01XNNNNNNN",
        "01-XN-NN-NN-NN",
        "+33 (0)6 XN NN NN NN",
        "0033 6 XN NN NN NN",
        "06 XN NN NN NN",
        "+336XNNNNNNN",
        "+33 6.XN.NN.NN.NN",
    ),
    "it": (
        "+39 06 XNNN NNNN",
        "+39 347 XNN NNNN",
        "06 XNNNNNNN",
        "06-XNNNNNNN",
        "02/XNNNNNN",
        "347 XNNNNNN",
        "347-XNNNNNN",
        "347 XN NN NNN",
        "347XNNNNNN",
        "+39.02.XNNNNNN",
        "0039 02 XNNNNNN",
        "011 XNN NN NN",
        "+39347XNNNNNN",
    ),
    "es": (
        "+34 6XN NNN NNN",
        "+34 91 XNN NN NN",
        "6XN NNN NNN",
        "6XN NN NN NN",
        "91 XNN NN NN",
        "912 NNN NNN",
        "6XNNNNNNN",
        "6XN-NNN-NNN",
        "0034 6XNNNNNNN",
        "(+34) 6XN NNN NNN",
        "+346XNNNNNNN",
    ),
    "en": (
        "(212) XNN-NNNN",
        "212-XNN-NNNN",
        "212.XNN.NNNN",
        "+1 212 XNN NNNN",
        "+1-212-XNN-NNNN",
        "1-800-XNN-NNNN",
        "020 7NNN NNNN",
        "07700 XNNNNN",
        "+44 20 7NNN NNNN",
        "+44 (0)20 7NNN NNNN",
        "0161 XNN NNNN",
        "(0161) XNN NNNN",
        "01632 XNN NNN",
        "+447700XNNNNN",
        "07700XNNNNN",
        "212 XNN NNNN",
        "(212) XNN-NNNN ext. NN",
    ),
}
# IBANs: country, and the form of the rest (N a digit, A a letter or digit, L a letter), from the SWIFT registry.
IBANS = {
    "de": ("DE NNNNNNNNNNNNNNNNNN", "AT NNNNNNNNNNNNNNNN", "CH NNNNNAAAAAAAAAAAA", "LI NNNNNAAAAAAAAAAAA"),
    "fr": ("FR NNNNNNNNNNAAAAAAAAAAANN", "BE NNNNNNNNNNNN", "LU NNNAAAAAAAAAAAAA", "MC NNNNNNNNNNAAAAAAAAAAANN"),
    "it": ("IT LNNNNNNNNNNAAAAAAAAAAAA", "SM LNNNNNNNNNNAAAAAAAAAAAA", "MT LLLLNNNNNAAAAAAAAAAAAAAAAAA"),
    "es": ("ES NNNNNNNNNNNNNNNNNNNN", "PT NNNNNNNNNNNNNNNNNNNNN", "AD NNNNNNNNAAAAAAAAAAAA"),
    "en": (
        "GB LLLLNNNNNNNNNNNNNN",
        "IE LLLLNNNNNNNNNNNNNN",
        "NL LLLLNNNNNNNNNN",
        "NO NNNNNNNNNNN",
        "PL NNNNNNNNNNNNNNNNNNNNNNNN",
    ),
}
CARDS = (
    ("4", 16),
    ("4", 13),
    ("51", 16),
    ("55", 16),
    ("2223", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("65", 16),
    ("3530", 16),
    ("36", 14),
    ("62", 16),
    ("6759", 16),
    ("62", 19),
)
_WORD = string.ascii_letters + string.digits
_URL = _WORD + "-_"
_HEX = "0123456789abcdef"
# Prefix, alphabet and number of characters behind it, as the issuers write them.
KEYS = (
    ("sk-", _WORD, 48),
    ("sk-proj-", _URL, 64),
    ("sk-ant-api03-", _URL, 93),
    ("sk_live_", _WORD, 24),
    ("rk_test_", _WORD, 24),
    ("whsec_", _WORD, 32),
    ("ghp_", _WORD, 36),
    ("gho_", _WORD, 36),
    ("ghs_", _WORD, 36),
    ("github_pat_", _WORD + "_", 82),
    ("glpat-", _URL, 20),
    ("AKIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    ("ASIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    ("xoxb-", string.digits, 12),
    ("xoxp-", string.digits, 12),
    ("AIza", _URL, 35),
    ("GOCSPX-", _URL, 28),
    ("hf_", string.ascii_letters, 34),
    ("npm_", _WORD, 36),
    ("pypi-AgEIcHlwaS5vcmc", _URL, 60),
    ("gsk_", _WORD, 52),
    ("xai-", _WORD, 80),
    ("nvapi-", _URL, 64),
    ("r8_", _WORD, 37),
    ("dop_v1_", _HEX, 64),
    ("shpat_", _HEX, 32),
    ("dckr_pat_", _URL, 27),
    ("hvs.", _WORD, 24),
    ("dapi", _HEX, 32),
    ("lin_api_", _WORD, 40),
    ("PMAK-", _HEX, 59),
    ("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
)
_NAMES = {
    "de": ("jürgen.müller", "k.weiss", "info", "Petra_Schmidt", "vertrieb+nord"),
    "fr": ("h.lefèvre", "contact", "marie-claude.roy", "j.d'arc", "ventes2024"),
    "it": ("g.rossi", "ufficio.acquisti", "maria_bianchi", "info", "d'angelo.p"),
    "es": ("j.garcía", "contacto", "maria.lopez-ruiz", "ventas", "a_fernandez99"),
    "en": ("jane.doe", "o'brien", "sales+eu", "x", "first.last"),
}
_DOMAINS = {
    "de": ("firma.de", "müller-bau.de", "mail.beispiel.co.at", "web.de"),
    "fr": ("exemple.fr", "mairie-lyon.fr", "orange.fr"),
    "it": ("esempio.it", "pec.azienda.it", "libero.it"),
    "es": ("ejemplo.es", "correo.empresa.com.es", "gmail.com"),
    "en": ("example.com", "mail.example.co.uk", "university.ac.uk", "startup.io"),
}


def _drawn(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


def _filled(random: Random, form: str) -> str:
    alphabets = {
        "N": string.digits,
        "X": "23456789",
        "A": string.ascii_uppercase + string.digits,
        "L": string.ascii_uppercase,
    }
    return "".join(random.choice(alphabets[each]) if each in alphabets else each for each in form)


def _phone(random: Random, language: str) -> str:
    return _filled(random, random.choice(PHONES[language]))


def _iban(random: Random, language: str) -> str:
    country, form = random.choice(IBANS[language]).split()
    rest = _filled(random, form)
    number = int("".join(str(int(each, 36)) for each in f"{rest}{country}00"))
    iban = f"{country}{98 - number % 97:02d}{rest}"
    grouped = " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
    return random.choice(
        [iban, grouped, grouped.replace(" ", "\N{NO-BREAK SPACE}"), grouped.replace(" ", "-"), iban.lower()]
    )


def _card(random: Random, language: str) -> str:
    prefix, length = random.choice(CARDS)
    body = prefix + _drawn(random, string.digits, length - len(prefix) - 1)
    total = sum(sum(map(int, str(int(digit) * (2 - place % 2)))) for place, digit in enumerate(reversed(body)))
    number = f"{body}{-total % 10}"
    cuts = (4, 10) if length in (14, 15) else tuple(range(4, length, 4))
    groups = [number[start:end] for start, end in zip((0, *cuts), (*cuts, length), strict=True)]
    # A last group of one or two digits is not written: 13 digits stay together.
    return number if length == 13 else random.choice(["", " ", "-", "\N{NARROW NO-BREAK SPACE}"]).join(groups)


def _email(random: Random, language: str) -> str:
    name, domain = random.choice(_NAMES[language]), random.choice(_DOMAINS[language])
    return random.choice(
        [
            f"{name}@{domain}",
            f"{name}@{domain}".upper(),
            f"{name}@{domain}",
            f"{name} (at) {domain}",
            f"<{name}@{domain}>"[1:-1],
        ]
    )


def _ip(random: Random, language: str) -> str:
    if random.random() < 0.5:
        return ".".join(str(random.randint(1, 223 if place == 0 else 254)) for place in range(4)).replace(
            "127.", "128.", 1
        )
    groups = ["2001", "db8", *(f"{random.randint(1, 0xFFFF):x}" for _ in range(6))]
    return ":".join(groups if random.random() < 0.5 else [*groups[:4], "", *groups[6:]])


def _key(random: Random, language: str) -> str:
    chosen = random.randrange(len(KEYS) + 2)
    if chosen >= len(KEYS):
        parts = [
            base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
            for text in ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{random.randrange(10**9)}","iat":1516239022}}')
        ]
        return ".".join([*parts, _drawn(random, _URL, 43)])
    prefix, alphabet, count = KEYS[chosen]
    value = prefix + _drawn(random, alphabet, count)
    return value + "-" + _drawn(random, _WORD, 24) if prefix.startswith("xox") else value


def _private_key(random: Random, language: str) -> str:
    kind = random.choice(["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
    lines = [_drawn(random, _WORD + "+/", 64) for _ in range(random.randint(2, 12))] + [
        _drawn(random, _WORD, 22) + "=="
    ]
    block = [f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"]
    return random.choice(["\n", "\r\n", "\\n"]).join(block)


def _random_token(random: Random, language: str) -> str:
    kind = random.randrange(5)
    if kind == 0:
        return str(uuid.UUID(int=random.getrandbits(128), version=4))
    alphabet, count = ((_HEX, 32), (_HEX, 64), (_WORD + "+/", 40), (_WORD, 24))[kind - 1]
    return _drawn(random, alphabet, count)


def _password(random: Random, language: str) -> str:
    return random.choice(
        [
            _drawn(random, _WORD, random.randint(6, 14)) + "7",
            _drawn(random, _WORD + "!#$%&*+-_@", random.randint(7, 16)) + "9x",
            random.choice(["Sommer", "Bonjour", "Estate", "Verano", "Hunter"]) + str(random.randint(1, 2030)) + "!x",
        ]
    )


def _credentials(random: Random, language: str) -> str:
    return f"{random.choice(['admin', 'svc', 'jdoe'])}:{_drawn(random, _WORD, 10)}"


_URLS = dict.fromkeys(LANGUAGES, ("https://{}@intranet.example.com/x", "postgresql://{}@db.example.org:5432/main"))

# What is planted, how it is drawn, and between which words.
KINDS: dict[str, tuple[Callable[[Random, str], str], Mapping[str, tuple[str, ...]]]] = {
    "IBAN": (_iban, NEUTRAL),
    "card": (_card, NEUTRAL),
    "national number with check digits": (lambda random, language: random.choice(NATIONAL[language])(random), NEUTRAL),
    "key with a prefix": (_key, NEUTRAL),
    "private key": (_private_key, NEUTRAL),
    "random key beside a word": (_random_token, KEY_WORDS),
    "password": (_password, PASSWORD_WORDS),
    "credentials in a URL": (_credentials, _URLS),
    "e-mail": (_email, NEUTRAL),
    "phone": (_phone, {each: NEUTRAL[each] + PHONE_WORDS[each] for each in LANGUAGES}),
    "IP address": (_ip, NEUTRAL),
}


def planted_texts(kind: str, language: str, count: int, seed: int) -> list[Planted]:
    """So many texts with one value each."""
    random = Random(f"{seed} {kind} {language}")
    draw, templates = KINDS[kind]
    found = []
    for _ in range(count):
        before, after = random.choice(templates[language]).replace("{{", "{").replace("}}", "}").split("{}")
        value = draw(random, language)
        found.append(Planted(before + value + after, len(before), len(before) + len(value), kind, language))
    return found
