"""Beginnings of everyday texts, which a language model goes on with: they test nothing and are in no benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from steelyard.tasks.generators.seeds import distinct_items
from steelyard.tasks.generators.word_sequence_reversal import WORDS

__all__ = ["generate"]

# fmt: off
_PEOPLE = (
    "baker", "teacher", "nurse", "sailor", "painter", "farmer", "driver", "tailor", "gardener", "librarian", "mechanic",
    "waiter", "plumber", "singer", "carpenter", "postman", "dentist", "cook", "pilot", "neighbour", "student", "widow",
    "photographer", "fisherman", "shepherd", "translator", "midwife", "grandfather", "cousin", "landlady", "caretaker",
    "surveyor", "clockmaker", "beekeeper", "conductor",
)
_PLACES = (
    "harbour", "station", "market", "library", "museum", "bakery", "hospital", "school", "farm", "workshop", "garden",
    "church", "theatre", "office", "kitchen", "café", "lighthouse", "mill", "vineyard", "bridge", "square", "valley",
    "village", "campsite", "orchard", "factory", "airport", "hotel", "castle", "quarry",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)
_VERBS = (
    "found", "lost", "repaired", "sold", "borrowed", "carried", "painted", "hid", "cleaned", "bought", "weighed",
    "photographed", "forgot",
)
_FEELINGS = (
    "tired", "proud", "worried", "curious", "late", "early", "hungry", "quiet", "angry", "surprised", "relieved",
    "lonely",
)
# fmt: on
_BEGINNINGS = (
    "On {day} the {person} {verb} a {thing} near the {place}, and",
    "Dear {person}, I am writing from the {place} because the {thing} and the {other}",
    "The {place} opens at {hour} in {month}. Visitors who bring a {thing}",
    "Minutes of the meeting at the {place}, {number} {month}. The {person} said that the {thing}",
    "How to clean a {thing} in a {place}: first take some {other}, then",
    "“Where is my {thing}?” asked the {person}. “It was in the {place} when",
    "In {month} the {person} was {feeling}, since the {thing} and the {other}",
    "Weather report for {day}, {number} {month}: in the morning the {place} will",
    "My {person} has a {thing} that is older than the {place}. Every {day} he",
    "For sale: one {thing}, hardly used, and a {other}. The owner, a {feeling} {person},",
    "The train to the {place} left at {hour}. Nobody noticed the {person} with the {thing}, who",
    "There are {number} things to know about a {thing} in {month}. The first is that the {place}",
    "Yesterday at {hour} a {feeling} {person} came to the {place} with {number} boxes of {thing}, so we",
    "The history of the {place} begins with a {thing}. Long before {month}, the {person}",
    "If the {thing} does not work, look under the {other}. The {person} at the {place} will",
    "Diary, {number} {month}. I felt {feeling} all day. At the {place} I met the {person}, who",
)


def generate(seed: str, count: int) -> Sequence[dict[str, str]]:
    """Rows such as ``{"question": "On Monday the baker found a lemon near the mill, and", "answer": ""}``."""

    def make(random: Random) -> str:
        return random.choice(_BEGINNINGS).format(
            day=random.choice(_DAYS),
            month=random.choice(_MONTHS),
            person=random.choice(_PEOPLE),
            place=random.choice(_PLACES),
            verb=random.choice(_VERBS),
            feeling=random.choice(_FEELINGS),
            thing=random.choice(WORDS),
            other=random.choice(WORDS),
            hour=f"{random.randrange(5, 23)}:{random.randrange(60):02d}",
            number=random.randrange(2, 31),
        )

    return [{"question": text, "answer": ""} for text in distinct_items("neutral_prompts", seed, count, make)]
