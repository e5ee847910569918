"""The kinds of vendors that ``python -m bench.honest`` audits: how each answers, prints and can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from steelyard.auditing.scoring import read_score
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer
from testkit.said_answers import MARKED, NUMBERS, PLAIN

__all__ = [
    "EDGE",
    "HONEST",
    "INFLATED",
    "NOT_REPAIRED",
    "QUOTED",
    "RANGES",
    "TEMPERATURE",
    "Random",
    "Vendor",
    "Weather",
    "chances_of",
    "printed",
    "readings",
    "weights_of",
    "worth_of",
]

ACCURACY = 0.85
TEMPERATURE = "temperature 0.7"
SIZES = (164, 198, 1319)
GSM8K = 1319

Random = np.random.Generator
Chances = NDArray[np.float64]


@dataclass(frozen=True)
class Vendor:
    """One kind of vendor: how its model answers, what it prints, and how it may be asked.

    ``variance`` is w, the variance within samples: some of them are right with probability ``flip``, all others always
    or never. Greedy answers have ``variance`` of their own (batches), and ``sampled`` is that of answers at a
    temperature. The vendor's number is the mean of so many ``passes`` over ``scored`` random samples (None: all),
    sampled where ``decoding`` says so or it ``hides`` that it was, and ``inflated`` by so much; ``states_rate``: it is
    the model's accuracy instead, inflated by so much, whatever its samples gave. ``loses``: the served model's accuracy
    is lower by so much.

    Our answers are ``open`` or ``missing`` at random with these shares; ``filtered`` of the samples are always open
    (a content filter), and ``slow`` of the wrong answers are missing (a timeout). ``says``: its answers are texts in
    these dialects, read by the scorer of numbers. ``cached``: the endpoint repeats its first answer to every sample;
    ``repeats``: so it does, by kernels whose answers do not depend on the batch, and no check sees it.
    ``formats``: the task has so many prompt formats, and the vendor states none; in each its model loses so much of
    its accuracy. ``part``: only so many random samples of the benchmark are here. ``claims``: its table has so many
    rows, of which the first alone is inflated. ``audit``: the auditor's key asks this for so many times. ``partial``:
    scores lie between 0 and 1; a wrong answer has up to so much, and a right one lacks up to half of that.
    ``subtasks``: it prints the mean over subtasks of these sizes; what varies is in the first ones.
    ``gap``: its greedy answers are worse by so much than sampled ones. ``bursts``: this share of the time, in stretches
    of so many calls, it is worse by so much, and it prints its mean with them. ``shares``: one draw decides for so many
    neighbours in the file, in each pass anew, or where they are ``scattered`` for as many anywhere. ``clamped``: here
    sampled answers vary by this much instead. ``drift``: it gets worse by so much from the first item of the file to
    the last, and it scored the first ``scored``. ``unsourced``: what the sheet says of its decoding is the auditor's
    word. ``one_seed``: it printed the mean of 64 passes that are all alike. ``remark``: it states something that cannot
    be reproduced, so that it is measured and never accused. ``rule``: the version of the claim
    retest that audits it.
    """

    name: str
    population: int
    tolerance: str = "2"
    accuracy: float = ACCURACY
    variance: float = 0.0
    sampled: float = 0.0
    decoding: str = "greedy"
    hides: bool = False
    in_process: bool = False
    scored: int | None = None
    passes: int = 1
    inflated: float = 0.0
    states_rate: bool = False
    loses: float = 0.0
    open: float = 0.0
    missing: float = 0.0
    filtered: float = 0.0
    slow: float = 0.0
    says: tuple[str, ...] = ()
    flip: float = 0.5
    cached: bool = False
    repeats: bool = False
    formats: tuple[float, ...] = (0.0,)
    part: int | None = None
    claims: int = 1
    audit: int = 1
    partial: float = 0.0
    subtasks: tuple[int, ...] = ()
    gap: float = 0.0
    bursts: tuple[float, int, float] | None = None
    shares: int = 0
    scattered: bool = False
    clamped: float | None = None
    drift: float = 0.0
    unsourced: bool = False
    one_seed: bool = False
    remark: bool = False
    rule: int = field(default=5, repr=False)  # the same seeds for each

    @property
    def asked_of(self) -> int:
        """How many samples are here."""
        return self.part or self.population

    @property
    def title(self) -> str:
        """Its name, and how it inflates."""
        inflated = f", + {self.inflated:.0%}" if self.inflated else ""
        return (
            self.name
            + ("" if self.claims == 1 or not inflated else ", 1 of 5 claims")
            + inflated
            + (" of the true rate" if inflated and self.states_rate else "")
            + (f", audit no. {self.audit}" if self.audit > 1 else "")
        )

    @property
    def open_share(self) -> float:
        """The share of its answers that nobody can read."""
        return self.open + self.filtered


def _texts(*names: str) -> tuple[str, ...]:
    return tuple({**PLAIN, **MARKED, **NUMBERS}[name] for name in names)


CHATTY = _texts("polite, marked", "after reasoning", "so", "therefore", "in all", "marked, then explained", "per step")
OTHER_LANGUAGES = _texts(
    "german", "german unit", "german, loesung", "french", "french unit", "japanese", "chinese", "spanish", "italian"
)
DRESSED = _texts(
    "bold", "boxed in dollars", "json in a fence", "fence", "hashes with dollars", "final answer heading", "tag"
)
REASONING = _texts("reasoning inline", "reasoning inline, lines")
LARGE = (198, GSM8K)
AROUND_PAIRS = (500, 801)  # up to 800 samples are asked twice


def _in_sizes(kind: Vendor, sizes: tuple[int, ...] = LARGE) -> tuple[Vendor, ...]:
    return tuple(replace(kind, population=size) for size in sizes)


# What the first rule accused: each is honest, and the page on them has all of its cells.
QUOTED: tuple[Vendor, ...] = (
    *(
        kind
        for gap in (-0.03, 0.0, 0.02, 0.03, 0.06)
        for kind in _in_sizes(
            Vendor(
                f"sampled, does not say so, greedy {100 * gap:+.0f} points lower",
                0,
                "2",
                0.75,
                0.005,
                0.05,
                "",
                True,
                gap=gap,
            ),
            (164, 198, 500, GSM8K),
        )
    ),
    *_in_sizes(Vendor("sampled (w = 0.1), does not say so", 0, "2", 0.75, 0.005, 0.1, "", True), (30, 198)),
    *(
        Vendor(
            f"bursts of {length}, prints its {'long-run mean' if rate else 'pass'}",
            size,
            bursts=(0.05, length, 0.4),
            states_rate=rate,
        )
        for size, length in ((801, 50), (GSM8K, 50), (GSM8K, 200))
        for rate in (True, False)
    ),
    *_in_sizes(
        Vendor("sampled, noise shared by 20 neighbours", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20),
        (198, 500, GSM8K),
    ),
    *_in_sizes(
        Vendor("sampled, noise shared by 3 neighbours", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=3), (198, GSM8K)
    ),
    *_in_sizes(Vendor("sampled, temperature clamped", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE, clamped=0.05), (30, 198)),
    *_in_sizes(
        Vendor("w = 0.016 of the vendor's batches, ours in-process", 0, variance=0.016, repeats=True, in_process=True),
        (30, 198),
    ),
    *_in_sizes(
        Vendor("w = 0.05 of the vendor's batches, ours repeats itself", 0, accuracy=0.75, variance=0.05, repeats=True),
        (30, 198, 500),
    ),
    *_in_sizes(
        Vendor("w = 0.05, mean of 8 passes, ours repeats itself", 0, "2", 0.75, 0.05, repeats=True, passes=8), (50, 150)
    ),
    Vendor(
        "sampled, noise shared by 20 neighbours, 20 claims", 198, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20, claims=20
    ),
    Vendor("w = 0.05, ours repeats itself, 5 claims", 198, accuracy=0.75, variance=0.05, repeats=True, claims=5),
    *(
        Vendor(f"samples: the first 200, the file gets {100 * drift:.0f} points harder", GSM8K, scored=200, drift=drift)
        for drift in (0.1, 0.2)
    ),
    Vendor(
        "sampled, the auditor's sheet says greedy, 2 points lower",
        500,
        "2",
        0.75,
        0.005,
        0.05,
        "greedy",
        True,
        gap=0.02,
        unsourced=True,
    ),
)
# No second pass shows these: the sentence on the rate names them.
NOT_REPAIRED: tuple[Vendor, ...] = (
    *_in_sizes(
        Vendor("sampled, noise shared by 20 scattered", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20, scattered=True),
        (198, 500, GSM8K),
    ),
    *(
        Vendor(
            f"w = 0.05 shared by {shares} neighbours, ours repeats itself",
            198,
            "2",
            0.75,
            0.05,
            repeats=True,
            shares=shares,
        )
        for shares in (3, 10)
    ),
    Vendor("one seed in all of 64 passes", 30, "2", 0.75, 0.0, 0.1, TEMPERATURE, one_seed=True),
)
# Just below what may be confirmed: how often it is, anyway.
EDGE: tuple[Vendor, ...] = (
    *_in_sizes(Vendor("w = 0.016", 0, variance=0.016, inflated=0.0206, states_rate=True), (198, 500, GSM8K)),
    *_in_sizes(
        Vendor("w = 0.016, flips of 0.9", 0, "2", 0.5, 0.016, flip=0.9, inflated=0.0206, states_rate=True), (198, 500)
    ),
    *_in_sizes(
        Vendor(
            "sampled, noise shared by 20 neighbours",
            0,
            "2",
            0.75,
            0.0,
            0.1,
            TEMPERATURE,
            shares=20,
            inflated=0.0206,
            states_rate=True,
        ),
        (198, 500),
    ),
    *_in_sizes(
        Vendor("w = 0.05 shared by 20 neighbours", 0, "2", 0.75, 0.05, inflated=0.0206, states_rate=True, shares=20),
        (600, GSM8K),
    ),
    *_in_sizes(Vendor("bursts of 50", 0, bursts=(0.05, 50, 0.4), inflated=0.0206, states_rate=True), (198, 801, GSM8K)),
)
# What is unverifiable as stated, 10 points too high: how often the range of one pass misses the score.
RANGES: tuple[Vendor, ...] = tuple(
    replace(kind, remark=True, inflated=0.1)
    for kind in (
        *_in_sizes(Vendor("w = 0.016", 0, accuracy=0.75, variance=0.016)),
        *_in_sizes(Vendor("sampled", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE)),
        Vendor("w = 0.05 shared by 10 neighbours", 198, "2", 0.75, 0.05, shares=10),
        *_in_sizes(
            Vendor("sampled, noise shared by 20 neighbours", 0, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20), (198, 500)
        ),
        *_in_sizes(Vendor("bursts of 50", 0, accuracy=0.75, bursts=(0.05, 50, 0.4)), (198, 500, GSM8K)),
        Vendor(
            "sampled, noise shared by 20 scattered", 500, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20, scattered=True
        ),
    )
)
HONEST: tuple[Vendor, ...] = (
    *_in_sizes(Vendor("greedy, in-process", 0, in_process=True), SIZES),
    *_in_sizes(Vendor("greedy", 0), SIZES),
    *(
        kind
        for w in (0.005, 0.016)
        for kind in _in_sizes(Vendor(f"batch noise w = {w}", 0, variance=w), (198, *AROUND_PAIRS, GSM8K))
    ),
    *(
        kind
        for w in (0.005, 0.016)
        for kind in _in_sizes(Vendor(f"batch noise w = {w}, tolerance .5", 0, "0.5", variance=w))
    ),
    *(
        kind
        for flip in (0.1, 0.9)
        for kind in _in_sizes(
            Vendor(f"batch noise w = 0.016, flips of {flip}, tolerance .5", 0, "0.5", 0.5, 0.016, flip=flip),
            (30, 198, GSM8K),
        )
    ),
    *_in_sizes(Vendor("sampled", 0, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE), (30, *SIZES)),
    *_in_sizes(
        Vendor("mean of 4 passes", 0, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE, passes=4), (30, *LARGE)
    ),
    Vendor("sampled, does not say so, in-process", 198, sampled=0.05, decoding="", hides=True, in_process=True),
    *_in_sizes(
        Vendor("sampled, behind a cache", 0, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE, cached=True), SIZES
    ),
    *(
        kind
        for w in (0.005, 0.016)
        for kind in _in_sizes(Vendor(f"batch noise w = {w}, behind a cache", 0, variance=w, cached=True), SIZES)
    ),
    Vendor("100 of N are here, --allow-part", GSM8K, variance=0.005, part=100),
    Vendor("500 of N are here, --allow-part", 14_042, variance=0.005, part=500),
    *(
        kind
        for w in (0.0, 0.005, 0.016)
        for kind in _in_sizes(
            Vendor(f"at the tolerance, w = {w}", 0, variance=w, inflated=0.02, states_rate=True),
            (164, 198, *AROUND_PAIRS, GSM8K),
        )
    ),
    *_in_sizes(
        Vendor("at the tolerance, w = 0.016, 1% open", 0, variance=0.016, inflated=0.02, states_rate=True, open=0.01),
        (198, 801),
    ),
    *_in_sizes(Vendor("quantisation declared, loses 0.5 points", 0, variance=0.005, loses=0.005)),
    *(kind for share in (0.01, 0.03, 0.05) for kind in _in_sizes(Vendor(f"{share:.0%} open", 0, open=share))),
    *_in_sizes(Vendor("25% truncated", 0, variance=0.005, open=0.25)),
    *_in_sizes(Vendor("content filter on 3% of the items", 0, variance=0.005, filtered=0.03)),
    *_in_sizes(Vendor("flaky, 2% missing", 0, variance=0.016, missing=0.02)),
    *_in_sizes(Vendor("5% answered with 5xx", 0, variance=0.005, missing=0.05)),
    *_in_sizes(Vendor("30% of the wrong answers time out", 0, variance=0.005, slow=0.3)),
    *_in_sizes(Vendor("chatty", 0, variance=0.005, says=CHATTY)),
    *_in_sizes(Vendor("other languages", 0, variance=0.005, says=OTHER_LANGUAGES)),
    *_in_sizes(Vendor("Markdown, LaTeX, JSON", 0, variance=0.005, says=DRESSED)),
    *_in_sizes(Vendor("reasoning in the text", 0, variance=0.016, says=REASONING)),
    *_in_sizes(Vendor("best of 3 formats, states none", 0, formats=(0.08, 0.03, 0.0))),
    *_in_sizes(Vendor("2 formats alike, states none", 0, variance=0.005, formats=(0.0, 0.0))),
    Vendor(
        "best of 3 formats, states no decoding either", 198, "2", 0.75, 0.005, 0.05, "", True, formats=(0.1, 0, 0.05)
    ),
    *(
        kind
        for partial in (0.4, 1.0)
        for kind in (
            *_in_sizes(Vendor(f"partial credit up to {partial}, in-process", 0, partial=partial, in_process=True)),
            *_in_sizes(
                Vendor(f"partial credit up to {partial}, w = 0.016", 0, variance=0.016, partial=partial),
                (30, 198, *AROUND_PAIRS, GSM8K),
            ),
            *_in_sizes(
                Vendor(
                    f"partial credit up to {partial}, flips of 0.9, tolerance .5",
                    0,
                    "0.5",
                    0.5,
                    0.016,
                    flip=0.9,
                    partial=partial,
                ),
                (30, 198, GSM8K),
            ),
            *_in_sizes(
                Vendor(
                    f"partial credit up to {partial}, sampled",
                    0,
                    accuracy=0.75,
                    sampled=0.05,
                    decoding=TEMPERATURE,
                    partial=partial,
                ),
            ),
            *_in_sizes(
                Vendor(
                    f"partial credit up to {partial}, at the tolerance",
                    0,
                    variance=0.005,
                    inflated=0.02,
                    states_rate=True,
                    partial=partial,
                ),
            ),
        )
    ),
    *(
        Vendor(
            f"macro average of {len(sizes)} subtasks{named}",
            sum(sizes),
            tolerance,
            0.7,
            w,
            subtasks=sizes,
            in_process=not w,
            flip=flip,
        )
        for sizes in ((60, 140, 400), (150, 300, 900), (*(50,) * 6, 700))
        for named, tolerance, w, flip in (
            (", in-process", "2", 0.0, 0.5),
            (", w = 0.016", "2", 0.016, 0.5),
            (", w = 0.005", "0.5", 0.005, 0.9),
        )
    ),
    *(
        Vendor(
            "macro average of 3 subtasks, at the tolerance",
            1350,
            "2",
            0.7,
            w,
            subtasks=(150, 300, 900),
            inflated=0.02,
            states_rate=True,
        )
        for w in (0.0, 0.016)
    ),
    *_in_sizes(Vendor("5 claims", 0, variance=0.016, claims=5)),
    *_in_sizes(
        Vendor("20 claims, w = 0.03, flips of 0.05", 0, accuracy=0.38, variance=0.03, flip=0.05, claims=20), (350, 810)
    ),
)
INFLATED: tuple[Vendor, ...] = (
    *(
        Vendor(name, size, variance=w, in_process=in_process, inflated=points, accuracy=0.75, open=share, claims=claims)
        for claims in (1, 5)
        for name, w, in_process, share in (
            ("in-process", 0.0, True, 0.0),
            ("w = 0.016", 0.016, False, 0.0),
            ("w = 0.016, 1% open", 0.016, False, 0.01),
        )
        for size in (164, *AROUND_PAIRS, GSM8K)
        for points in (0.05, 0.10)
    ),
    *(
        Vendor("states samples: 30", size, scored=30, inflated=0.10, accuracy=0.75, states_rate=states_rate)
        for size in LARGE
        for states_rate in (False, True)
    ),
    *(
        replace(kind, inflated=points)
        for points in (0.05, 0.10)
        for kind in (
            *_in_sizes(Vendor("states no decoding, sampled", 0, "2", 0.75, 0.005, 0.05, "", True), (500, GSM8K)),
            *_in_sizes(Vendor("bursts of 50", 0, accuracy=0.75, bursts=(0.05, 50, 0.4)), (500, GSM8K)),
        )
    ),
    # Every honest kind whose answers can be read, inflated: where one is not found, it is named.
    *(
        replace(kind, inflated=0.10, accuracy=min(kind.accuracy, 0.85))
        for kind in HONEST
        if kind.open_share < 0.1
        and kind.tolerance == "2"
        and kind.claims == 1
        and kind.population != 164
        and not kind.states_rate
    ),
)


class Weather:
    """By how much of its accuracy an endpoint is worse, call by call: in bursts, which begin at any time."""

    def __init__(self, vendor: Vendor, source: Random) -> None:
        self._share, self._length, drop = vendor.bursts or (0.0, 1, 0.0)
        self._source, self._is_bad = source, bool(source.random() >= self._share)  # the other one begins
        self._worse, self._left = 1 - drop / vendor.accuracy, 0

    def next(self) -> float:
        """The factor of the next call's chance to be right."""
        if not self._share:
            return 1.0
        while not self._left:
            self._is_bad = not self._is_bad
            length = self._length if self._is_bad else self._length * (1 - self._share) / self._share
            self._left = int(self._source.geometric(1 / length))
        self._left -= 1
        return self._worse if self._is_bad else 1.0


def chances_of(vendor: Vendor, variance: float) -> Chances:
    """p of each sample: those that vary, and those that are always right or always wrong, so that the mean is right."""
    if vendor.drift:
        places: Chances = np.arange(vendor.population, dtype=np.float64)
        rate = vendor.accuracy + vendor.drift * (0.5 - places / vendor.population)
        return (places * 0.618033988749895 % 1 < rate).astype(np.float64)
    varying = variance * vendor.population / (vendor.flip * (1 - vendor.flip))
    flips = 10 * round(varying / 10) if vendor.flip != 0.5 else 2 * round(varying / 2)
    right = round(vendor.accuracy * vendor.population) - round(flips * vendor.flip)
    return np.array([vendor.flip] * flips + [1.0] * right + [0.0] * (vendor.population - flips - right))


def worth_of(vendor: Vendor) -> tuple[Chances, Chances]:
    """What a wrong and what a right answer to each sample scores, spread evenly over the samples of each kind."""
    spread: Chances = np.arange(vendor.population, dtype=np.float64) * 0.618033988749895 % 1
    return vendor.partial * spread, 1 - vendor.partial / 2 * spread


def weights_of(vendor: Vendor) -> Chances:
    """The share of each sample in the number that the vendor prints."""
    sizes = vendor.subtasks or (vendor.population,)
    return np.repeat([1 / size / len(sizes) for size in sizes], sizes)


def printed(vendor: Vendor, source: Random) -> str:
    """The number that the vendor prints, with one decimal."""
    chances = chances_of(vendor, vendor.sampled if vendor.hides or vendor.decoding == TEMPERATURE else vendor.variance)
    wrong, right = worth_of(vendor)
    if vendor.states_rate:  # rounded in its favour
        rate = float((wrong + (right - wrong) * chances) @ weights_of(vendor))
        rate -= vendor.bursts[0] * vendor.bursts[2] if vendor.bursts else 0.0
        return f"{math.floor(1000 * (rate + vendor.inflated) + 0.5 + 1e-9) / 10:.1f}"
    draws = source.random((vendor.passes, vendor.population))
    if vendor.shares:  # neighbours are neighbours of a shuffled file
        of = np.argsort(source.permutation(vendor.population)) // vendor.shares
        draws = source.random((vendor.passes, vendor.population))[:, of]
    marks = (draws < chances).mean(axis=0)
    scores = wrong + (right - wrong) * marks
    mean = scores @ weights_of(vendor) if vendor.scored is None else source.choice(scores, vendor.scored, False).mean()
    mean = scores[: vendor.scored].mean() if vendor.drift else mean
    return f"{min(100.0, 100 * (mean + vendor.inflated)):.1f}"


@cache
def readings(text: str, is_right: bool) -> tuple[float | None, ...]:
    """How the scorer of numbers reads one dialect: the scores of 40 answers that are all right, or all wrong."""
    scorer = open_scorer({"name": "numeric"})
    found = []
    for number in range(7, 47):
        target, said = f"{number * number}", f"{number * number + (0 if is_right else number)}"
        sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target)
        output = ModelOutput(outcome=Outcome.OK, text=text.format(said), finish_reason="stop")
        found.append(read_score(scorer, sample, output).value)
    return tuple(found)
