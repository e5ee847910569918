"""Invoices and letters, and a question about one fact that stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final, Literal, NamedTuple

from steelyard.errors import InputError
from steelyard.tasks.drawing.documents import Invoice, Letter, draw_invoice, draw_letter
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.generators.looks import draw_look
from steelyard.tasks.generators.names import CITIES, COMPANIES, FIRST_NAMES, GOODS, LAST_NAMES, MONTHS, STREETS
from steelyard.tasks.generators.seeds import distinct_items, one_of, some_of

__all__ = ["KINDS", "generate"]

KINDS: Final = ("invoice", "letter")
_AS_PRINTED: Final = "Write the date as it is printed."


class _Occasion(NamedTuple):
    """What a letter is about: its paragraphs have facts in braces, and of some of them a question is asked."""

    subject: str
    paragraphs: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]


_OCCASIONS: Final = (
    _Occasion(
        "Your delivery",
        (
            "Thank you for ordering {count} {goods}. The parcel leaves our store on {first} and reaches you on "
            "{second} between {hour}:00 and {later}:00.",
            "Please be at gate {gate}. The driver asks for the code {code} and for nothing else.",
            "If the day does not suit you, call {person} on extension {extension} before {third}.",
        ),
        (
            ("How many {goods} were ordered?", "{count}"),
            (f"On which day does the parcel leave the store? {_AS_PRINTED}", "{first}"),
            (f"On which day does the parcel arrive? {_AS_PRINTED}", "{second}"),
            ("What is the number of the gate?", "{gate}"),
            ("Which code does the driver ask for?", "{code}"),
            ("Whom is the recipient to call?", "{person}"),
            ("What is the number of the extension?", "{extension}"),
        ),
    ),
    _Occasion(
        "Your appointment",
        (
            "We confirm your appointment with {person} on {second} in room {gate}. It takes {count} minutes and costs "
            "{extension} euros, which you can pay there.",
            "Please bring your card with the number {code}. Without it we cannot open your file, which was last "
            "changed on {first}.",
            "You can cancel until {third}, at no cost.",
        ),
        (
            ("How many minutes does the appointment take?", "{count}"),
            (f"On which day was the file last changed? {_AS_PRINTED}", "{first}"),
            (f"On which day is the appointment? {_AS_PRINTED}", "{second}"),
            (f"Until which day can the appointment be cancelled? {_AS_PRINTED}", "{third}"),
            ("What is the number of the room?", "{gate}"),
            ("What is the number of the card?", "{code}"),
            ("With whom is the appointment?", "{person}"),
            ("How many euros does the appointment cost?", "{extension}"),
        ),
    ),
    _Occasion(
        "Your meter",
        (
            "On {first} the meter {code} in your house showed {extension} units, which is {count} more than at the "
            "last reading.",
            "The next reading is on {second}. {person} comes between {hour}:00 and {later}:00 and needs a way to the "
            "meter.",
            "If you read it yourself, send us the number by {third}. Your house has the key number {gate}.",
        ),
        (
            ("How many units did the meter show?", "{extension}"),
            ("How many units more than at the last reading did the meter show?", "{count}"),
            (f"On which day is the next reading? {_AS_PRINTED}", "{second}"),
            (f"By which day is a number to be sent? {_AS_PRINTED}", "{third}"),
            ("What is the number of the meter itself?", "{code}"),
            ("Who comes to read the meter?", "{person}"),
            ("What is the key number of the house?", "{gate}"),
        ),
    ),
)


def generate(
    seed: str,
    count: int,
    kinds: Sequence[Literal["invoice", "letter"]] = KINDS,
    min_lines: int = 2,
    max_lines: int = 5,
    sizes: Sequence[int] = (11, 12, 13),
) -> Sequence[dict[str, Any]]:
    """Rows with ``image``, ``question`` and ``answer``; ``kind`` says which document it is.

    An invoice has ``min_lines`` to ``max_lines`` items; letters of all are of one of ``sizes`` (pixels). Raises
    InputError for options outside their range.
    """
    if not kinds or not all(kind in KINDS for kind in kinds):
        raise InputError(f"document_reading: kinds must be some of {', '.join(KINDS)}")
    if not 1 <= min_lines <= max_lines <= 6:
        raise InputError("document_reading: needs 1 ≤ min_lines ≤ max_lines ≤ 6")
    if not sizes or not all(size in range(9, 14) for size in sizes):
        raise InputError("document_reading: sizes must be numbers of pixels from 9 to 13")

    def make(random: Random) -> tuple[str, str, str, Picture]:
        kind = one_of(random, kinds)
        look, size, width = draw_look(random), one_of(random, sizes), random.randrange(580, 641, 20)
        if kind == "invoice":
            invoice, question, answer = _invoice(random, random.randrange(min_lines, max_lines + 1))
            drawn = draw_invoice(invoice, look, size, width)
        else:
            letter, question, answer = _letter(random)
            drawn = draw_letter(letter, look, size, width)
        return question, answer, kind, Picture(drawn)

    return [
        {"question": question, "answer": answer, "kind": kind, "image": image}
        for question, answer, kind, image in distinct_items("document_reading", seed, count, make)
    ]


def _invoice(random: Random, count: int) -> tuple[Invoice, str, str]:
    goods = some_of(random, GOODS, count)
    bought = {name: (random.randrange(1, 41), random.randrange(3, 240) * 50) for name in goods}  # prices in cents
    net = sum(quantity * price for quantity, price in bought.values())
    tax = one_of(random, (10, 20))
    dates = [_date(random, year) for year in _years(random)]
    buyer = _person(random)
    cities, numbers = some_of(random, CITIES, 2), _numbers(random)
    facts = (("Invoice no.", numbers[0]), ("Order no.", numbers[1]), ("Date", dates[0]), ("Due", dates[1]))
    sums = (
        ("Subtotal", _money(net)),
        (f"Tax {tax}%", _money(net * tax // 100)),
        ("Total", _money(net + net * tax // 100)),
    )
    item = one_of(random, goods)
    asked = (
        ("What is the invoice number?", numbers[0]),
        ("What is the order number?", numbers[1]),
        (f"On which day was the invoice written? {_AS_PRINTED}", dates[0]),
        (f"On which day is the invoice due? {_AS_PRINTED}", dates[1]),
        ("In which city is the buyer?", cities[1]),
        ("Who is the buyer?", buyer),
        (f"What is the quantity of the item {item}?", str(bought[item][0])),
        (f"What is the unit price of the item {item}?", _money(bought[item][1])),
        (f"What is the amount for the item {item}?", _money(bought[item][0] * bought[item][1])),
        ("How much is the tax?", sums[1][1]),
        ("What is the total with tax?", sums[2][1]),
        ("How many pieces were bought in all?", str(sum(quantity for quantity, _ in bought.values()))),
    )
    invoice = Invoice(
        sender=(one_of(random, COMPANIES), _street(random), cities[0]),
        buyer=(buyer, _street(random), cities[1]),
        facts=facts,
        lines=tuple((name, str(many), _money(price), _money(many * price)) for name, (many, price) in bought.items()),
        sums=sums,
        remark=f"All prices are in euros. Questions? Ask {_person(random)}, and quote the order number.",
    )
    return invoice, *one_of(random, asked)


def _letter(random: Random) -> tuple[Letter, str, str]:
    occasion = one_of(random, _OCCASIONS)
    years, cities = _years(random), some_of(random, CITIES, 2)
    dates = some_of(random, [f"{day} {month}" for month in MONTHS for day in range(1, 29)], 4)
    hour, numbers, people = random.randrange(7, 15), _numbers(random), some_of(random, _PEOPLE, 3)
    facts = {
        "count": str(random.randrange(11, 95)),
        "goods": f"{one_of(random, [name for name in GOODS if name != 'Shelf'])}s".lower(),
        "first": f"{dates[0]} {years[0]}",
        "second": f"{dates[1]} {years[1]}",
        "third": f"{dates[2]} {years[1]}",
        "hour": str(hour),
        "later": str(hour + 2),
        "gate": str(random.randrange(2, 100)),
        "code": str(random.randrange(1000, 10000)),
        "person": people[0],
        "extension": str(random.randrange(101, 1000)),
    }
    reference = numbers[0]
    asked = (
        *((question.format(**facts), answer.format(**facts)) for question, answer in occasion.questions),
        ("What is the reference of the letter?", reference),
        (f"What is the date of the letter? {_AS_PRINTED}", f"{dates[3]} {years[0]}"),
        ("Who signed the letter?", people[1]),
        ("In which city is the sender?", cities[0]),
    )
    letter = Letter(
        sender=(one_of(random, COMPANIES), _street(random), cities[0]),
        recipient=(people[2], _street(random), cities[1]),
        facts=(("Date", f"{dates[3]} {years[0]}"), ("Reference", reference)),
        subject=occasion.subject,
        paragraphs=tuple(paragraph.format(**facts) for paragraph in occasion.paragraphs),
        signed=people[1],
    )
    return letter, *one_of(random, asked)


_PEOPLE: Final = tuple(f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES)


def _person(random: Random) -> str:
    return one_of(random, _PEOPLE)


def _street(random: Random) -> str:
    return f"{random.randrange(1, 99)} {one_of(random, STREETS)}"


def _numbers(random: Random) -> tuple[str, str]:
    """Two numbers as firms give them, of unlike form."""
    letters = "ABCDEFHKLMNPRTUVWX"
    return (
        f"{one_of(random, letters)}{one_of(random, letters)}-{random.randrange(10000, 100000)}",
        str(random.randrange(100000, 1000000)),
    )


def _years(random: Random) -> tuple[int, int]:
    year = random.randrange(2015, 2026)
    return year, year + 1


def _date(random: Random, year: int) -> str:
    return f"{random.randrange(1, 29)} {one_of(random, MONTHS)} {year}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
