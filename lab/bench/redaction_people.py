"""National numbers with their check digits, drawn by seed; the arithmetic is written here from the rules once more."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

__all__ = ["NATIONAL"]


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(string.digits, k=count))


def _date(random: Random) -> tuple[str, str, str]:
    return f"{random.randint(1, 28):02d}", f"{random.randint(1, 12):02d}", f"{random.randint(30, 99):02d}"


def steuer_id(random: Random) -> str:
    while True:
        body = random.sample(string.digits, 9)
        body.insert(random.randrange(10), random.choice(body))
        if body[0] != "0":
            break
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10
        product = (2 * (total or 10)) % 11
    number = "".join(body) + str((11 - product) % 10)
    return random.choice([number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"])


def rentenversicherung(random: Random) -> str:
    day, month, year = _date(random)
    area, letter, serial = f"{random.randint(10, 89)}", random.choice(string.ascii_uppercase), _digits(random, 2)
    digits = area + day + month + year + f"{ord(letter) - 64:02d}" + serial
    total = 0
    for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True):
        product = int(digit) * weight
        total += product // 10 + product % 10
    return random.choice(
        [
            f"{area}{day}{month}{year}{letter}{serial}{total % 10}",
            f"{area} {day}{month}{year} {letter} {serial}{total % 10}",
        ]
    )


def ahv(random: Random) -> str:
    body = "756" + _digits(random, 9)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    number = body + str(-total % 10)
    return random.choice([number, f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}"])


def nir(random: Random) -> str:
    _, month, year = _date(random)
    department = random.choice(["75", "69", "13", "2A", "2B", "33"])
    parts = [random.choice("12"), year, month, department, _digits(random, 3), _digits(random, 3)]
    counted = {"2A": "19", "2B": "18"}.get(department, department)
    number = "".join([*parts[:3], counted, *parts[4:]])
    return random.choice(["", " "]).join([*parts, f"{97 - int(number) % 97:02d}"])


def dni(random: Random) -> str:
    number = random.randint(1_000_000, 99_999_999)
    letter = "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]
    dotted = f"{number:08d}"
    return random.choice(
        [f"{number:08d}{letter}", f"{number:08d}-{letter}", f"{dotted[:2]}.{dotted[2:5]}.{dotted[5:]}-{letter}"]
    )


def nie(random: Random) -> str:
    first, number = random.randrange(3), random.randint(0, 9_999_999)
    letter = "TRWAGMYFPDXBNJZSQVHLCKE"[(first * 10_000_000 + number) % 23]
    return random.choice([f"{'XYZ'[first]}{number:07d}{letter}", f"{'XYZ'[first]}-{number:07d}-{letter}"])


_ODD = {character: value for characters, values in (
    (string.digits, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)),
    ("ABCDEFGHIJKLM", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18)),
    ("NOPQRSTUVWXYZ", (20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)),
) for character, value in zip(characters, values, strict=True)}  # fmt: skip


def codice_fiscale(random: Random) -> str:
    _, _, year = _date(random)
    name = "".join(random.choices("BCDFGLMNPRSTVZ", k=6))
    day = random.randint(1, 28) + random.choice((0, 40))
    body = f"{name}{year}{random.choice('ABCDEHLMPRST')}{day:02d}{random.choice('AFHL')}{_digits(random, 3)}"
    even = sum(int(each) if each.isdigit() else ord(each) - 65 for each in body[1::2])
    code = body + chr(65 + (sum(_ODD[each] for each in body[::2]) + even) % 26)
    return random.choice([code, code.lower(), f"{code[:3]} {code[3:6]} {code[6:11]} {code[11:]}"])


def nhs(random: Random) -> str:
    while True:
        body = _digits(random, 9)
        check = 11 - sum(int(digit) * weight for digit, weight in zip(body, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return f"{body[:3]} {body[3:6]} {body[6:]}{0 if check == 11 else check}"


NATIONAL: dict[str, tuple[Callable[[Random], str], ...]] = {
    "de": (steuer_id, rentenversicherung, ahv),
    "fr": (nir, ahv),
    "it": (codice_fiscale, ahv),
    "es": (dni, nie),
    "en": (nhs,),
}
