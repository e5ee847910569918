"""The work: sums whose answers, errors and faults are all fixed by a hash, so that every score is known beforehand."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path

__all__ = ["FaultPlan", "Known", "Sum", "known_outcome", "make_sums", "sum_in", "write_sums"]

SHARE_RIGHT = Fraction(4, 5)
_SUM = re.compile(r"What is (\d+) \+ (\d+)\?")


@dataclass(frozen=True, slots=True)
class Sum:
    """One question. ``key`` identifies it in every prompt, whatever a harness writes around it."""

    first: int
    second: int

    @property
    def key(self) -> str:
        """``12+30``."""
        return f"{self.first}+{self.second}"

    @property
    def question(self) -> str:
        """The question as every harness sends it."""
        return f"What is {self.first} + {self.second}? Answer with the number only."

    @property
    def target(self) -> str:
        """The right answer."""
        return str(self.first + self.second)

    @property
    def answered_right(self) -> bool:
        """Whether the server answers this one right: four in five, by a hash of the sum."""
        return _unit(self.key, "answer") < SHARE_RIGHT

    @property
    def answer(self) -> str:
        """What the server says."""
        return str(self.first + self.second + (not self.answered_right))


def sum_in(prompt: str) -> Sum | None:
    """The last sum in a prompt; None where there is none, as in a handshake."""
    found = _SUM.findall(prompt)
    return Sum(*map(int, found[-1])) if found else None


def make_sums(count: int) -> list[Sum]:
    """``count`` distinct sums (a multiple of five) of which the server answers exactly four in five right."""
    if count % SHARE_RIGHT.denominator:
        raise ValueError(f"the number of samples must be a multiple of {SHARE_RIGHT.denominator}, not {count}")
    draw = random.Random(7)
    room = {True: int(count * SHARE_RIGHT), False: int(count * (1 - SHARE_RIGHT))}
    chosen: dict[str, Sum] = {}
    while len(chosen) < count:
        candidate = Sum(draw.randrange(100, 100_000), draw.randrange(100, 100_000))
        if candidate.key not in chosen and room[candidate.answered_right]:
            room[candidate.answered_right] -= 1
            chosen[candidate.key] = candidate
    return list(chosen.values())


def write_sums(path: Path, sums: Iterable[Sum]) -> Path:
    """Write the file that every harness reads: one JSON object a line with id, input and target."""
    rows = ({"id": number, "input": each.question, "target": each.target} for number, each in enumerate(sums, 1))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@dataclass(frozen=True)
class FaultPlan:
    """Which faults the server plays: ``shares`` by kind, and when.

    ``first``: the first request of a chosen sum fails, later ones succeed. ``always``: every request of it fails.
    ``random``: each request fails by itself.
    """

    shares: Mapping[str, float]
    mode: str = "first"

    @classmethod
    def read(cls, text: str, mode: str) -> FaultPlan:
        """``429=0.03,drop=0.01``; ValueError for anything else."""
        parts = (part.partition("=") for part in text.split(",") if part)
        return cls({kind: float(share) for kind, _, share in parts}, mode)

    @property
    def text(self) -> str:
        """The plan as it is written on a command line."""
        return ",".join(f"{kind}={share:g}" for kind, share in self.shares.items())

    def chosen(self, key: str) -> str:
        """The fault of a sum that is chosen by its hash (modes ``first`` and ``always``), or nothing."""
        return self.at(_unit(key, "fault"))

    def at(self, place: float) -> str:
        """The fault at a place in [0, 1): each kind takes its share, in the order written."""
        for kind, share in self.shares.items():
            if place < share:
                return kind
            place -= share
        return ""


@dataclass(frozen=True)
class Known:
    """The true result of a run: of ``of`` samples, the numbers that are right and that have no answer."""

    of: int
    right: int
    missing: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The score if every missing answer were wrong, and if every one were right."""
        return self.right / self.of, (self.right + self.missing) / self.of


def known_outcome(sums: Sequence[Sum], unanswered: Iterable[str] = ()) -> Known:
    """What follows for a score when the server never answered the sums with the keys ``unanswered``."""
    lost = set(unanswered)
    right = sum(each.answered_right for each in sums if each.key not in lost)
    return Known(len(sums), right, sum(each.key in lost for each in sums))


def _unit(text: str, salt: str) -> float:
    return int.from_bytes(blake2b(f"{salt}:{text}".encode(), digest_size=8).digest(), "big") / 2**64
