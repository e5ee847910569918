"""Samples that are made anew for a detector, from a seed that follows from the committed order.

Nobody can foresee such a seed, the vendor least of all, and with one key nobody can choose it: it is a digest of the
order seed of the measurement's arm, which the auditor's key fixes (:mod:`steelyard.planning.orders`).

``twins`` are another draw of a generated task, made by the same call as the public one, with as many items. What is in
both draws is left out of *both* arms, and so is a repeat within either. To leave it out of the fresh ones alone would
be no fair comparison: a generator that draws some kinds of items from a small space (sums of two terms beside sums of
eight) would have fewer of these, the easy ones, among what is fresh. A generator whose space is small has few items
left: such a task has no twins.

``prompts`` stand beside no claim: they are drawn for a detector, from the order of a question of its own.
``cue``, ``placebo`` and ``header`` are public items under the benchmark's own prompt and under another one
(:mod:`steelyard.planning.cues`). ``order`` are stretches of the benchmark's file in its order and in others
(:mod:`steelyard.planning.file_order`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.cues import ARMS, NotAsked, arm_samples, check_arm
from steelyard.planning.file_order import ORDER, check_order, order_samples
from steelyard.planning.samples import item_digests_of, picked, with_seeds
from steelyard.planning.testable import Skip
from steelyard.plugins import MeasurementRequest
from steelyard.records import (
    REFERENCE,
    SUBJECT,
    Capabilities,
    Measurement,
    PlannedModel,
    RepeatCheck,
    Sample,
    reference_role,
    references_of,
)

if TYPE_CHECKING:
    from steelyard.tasks.task import Task

__all__ = [
    "MOST_PUBLIC",
    "PROMPTS",
    "TWINS",
    "FixedSet",
    "NoReference",
    "NotOffered",
    "can_leave_out",
    "check_drawable",
    "check_reference",
    "check_texts",
    "drawn_beside",
    "drawn_samples",
    "drawn_seed",
    "drawn_seed_of",
    "nobody_asked",
    "public_share",
    "twins",
]

TWINS: Final = "twins"
PROMPTS: Final = "prompts"
MOST_PUBLIC: Final = 0.02  # of what a generator draws under fixed seeds may be public items
_BATCHES, _BATCH = 40, 250  # 10,000 items: a generator gives distinct ones, which takes long in a small space
_MOST_ROUNDS: Final = 5


class NotOffered(Skip):
    """Skips what most audits have no means for: who did not ask for it by name is not told."""


class NoReference(NotOffered):
    """Skips a request that needs a reference, where none was given."""

    def __init__(self) -> None:
        super().__init__(
            "not_tested", f"no model has the role {REFERENCE}: give its weights with --model {REFERENCE}=gguf:PATH"
        )


class FixedSet(NotOffered):
    """Skips a request for fresh samples of a task that has none, as most have."""

    def __init__(self) -> None:
        super().__init__("not_testable", "the samples are a fixed set, so there are no fresh ones of the same kind")


def drawn_seed(drawn: str, order_seed: str) -> str:
    """The seed of samples that are drawn for a measurement, in hexadecimal digits."""
    return sha256_hex(canonical({"drawn": drawn, "order_seed": order_seed}))


def drawn_seed_of(measurement: Measurement, order_seeds: Mapping[str, str]) -> str:
    """The seed of a drawn measurement; the arms of one test have one, from the order of what they stand beside."""
    if measurement.drawn in ARMS:
        return drawn_seed("cue", order_seeds[measurement.beside])
    return drawn_seed(measurement.drawn, order_seeds[measurement.id])


def nobody_asked(skip: Skip, *, named: bool) -> bool:
    """Whether a request is skipped of which a user need not hear; ``named``: the user named the detector."""
    return isinstance(skip, NotAsked) or (isinstance(skip, NotOffered) and not named)


def drawn_beside(of: Measurement, request: MeasurementRequest, scorer: str) -> Measurement:
    """The measurement of samples that are drawn for another one's task: once each, and as many as it has at most.

    Of arms that ask the same public items, no more are drawn than are asked: each item is to be asked in both.
    """
    if request.drawn == ORDER:
        return _in_order(of, request, scorer)
    of_arms = request.drawn in ARMS
    count = min(of.population, request.limit or of.population)
    if of_arms and of.limit is not None:
        count = min(count, of.limit)
    return msgspec.structs.replace(
        of,
        id="",
        scorers=(scorer,),
        samples_root="",
        items="",
        order_seed="",
        question="",
        share=1.0,
        population=count,
        limit=None if of.limit is None else min(of.limit, count),
        repeats=1,
        repeat_check=RepeatCheck(),
        part=None,
        public=of.public and of_arms,
        arm=request.arm,
        beside=of.id,
        drawn=request.drawn,
    )


def _in_order(of: Measurement, request: MeasurementRequest, scorer: str) -> Measurement:
    """Stretches of the file, each asked once: how likely it is in each order, whatever the claim's own format asks."""
    count = request.limit or 0
    return msgspec.structs.replace(
        of,
        id="",
        chat=False,
        kind="loglikelihood",
        decoding="greedy",
        temperature=0.0,
        output_budget=None,
        budget_stated=False,
        reasoning_effort="",
        scorers=(scorer,),
        samples_root="",
        items="",
        order_seed="",
        question="",
        share=1.0,
        chance=0.0,
        population=count,
        limit=None if of.limit is None else min(of.limit, count),
        repeats=1,
        repeat_check=RepeatCheck(),
        part=None,
        differences=(),
        arm=request.arm,
        beside=of.id,
        drawn=request.drawn,
        needs=(),
        turns=(),
    )


def check_reference(models: Mapping[str, PlannedModel]) -> None:
    """Raise Skip where the subject's answers cannot be held against a reference; NoReference where there is none."""
    if REFERENCE not in models:
        raise NoReference
    subject, capabilities = models[SUBJECT], models[SUBJECT].capabilities
    roles, known, reason = references_of(models), models[REFERENCE].capabilities.likelihood_of, ""
    if others := [role for role in roles if not known or models[role].capabilities.likelihood_of != known]:
        reason = f"the {others[0]} gives no likelihoods: it must be weights on this machine, as gguf:PATH"
    elif roles != tuple(map(reference_role, range(1, len(roles) + 1))):
        reason = f"the files are {', '.join(roles)}: give them as {REFERENCE}, {reference_role(2)} and so on"
    elif capabilities.offers is not None and "language" not in capabilities.offers:
        reason = "a world model writes no text"
    elif subject.identity.uri.startswith(("recorded:", "python:")):
        reason = "neither a recording nor a function draws texts from a model's weights"
    elif not capabilities.completions:
        reason = "it has no plain completions, and what its chat template adds to a prompt is not known here"
    elif not capabilities.takes_temperature:
        reason = "it takes no temperature, so its texts are not draws at temperature 1"
    if reason:
        raise Skip("not_testable", reason)


def check_texts(capabilities: Capabilities) -> None:
    """Raise Skip where the texts of a subject hang together, so that they are not draws."""
    if capabilities.repeats_identical:
        reason = "one question brought the same text more than once, as from one seed for all: then texts hang together"
        raise Skip("not_testable", reason)


def check_drawable(task: Task, beside: Measurement, drawn: str) -> None:
    """Raise Skip where no such samples can be drawn for a task: FixedSet where it is not generated."""
    if drawn in ARMS:
        check_arm(beside, drawn)
        return
    if drawn == ORDER:
        check_order(task, beside)
        return
    if drawn != TWINS:
        raise Skip("not_tested", f"this version draws no samples of the kind {drawn!r}")
    if task.definition.generator is None:
        raise FixedSet
    share = public_share(task, beside.prompt)
    if share > MOST_PUBLIC:
        raise Skip(
            "not_testable",
            f"{share * 100:.2g} % of {_BATCHES * _BATCH:,} fresh samples are public (at most {MOST_PUBLIC * 100:g} % "
            "may be): few others are left",
        )


@lru_cache(maxsize=64)
def public_share(task: Task, prompt: str) -> float:
    """The share of public items among 10,000 that a generated task draws under fixed seeds.

    Where none of the first 250 is public, no more are drawn: some generators take 20 ms an item, and a space of which
    2 % were public would give none with a chance of .6 %.
    """
    public = set(item_digests_of(task.prepare(prompt)))
    found = 0
    for batch in range(_BATCHES):
        drawn = item_digests_of(task.prepare(prompt, seed=f"freshness-{batch}", count=_BATCH))
        found += sum(digest in public for digest in drawn)
        if not found:
            return 0.0
    return found / (_BATCHES * _BATCH)


def twins(task: Task, measurement: Measurement) -> tuple[Sequence[Sample], tuple[int, ...]]:
    """The fresh samples of a measurement, none public and no two alike, and the numbers of the public ones left out.

    At most its population, and no more than there are public ones left. A number counts the public samples in the order
    of their items' digests. Raises Skip where nothing is left.
    """
    public = sorted(item_digests_of(task.prepare(measurement.prompt, shots=measurement.shots)))
    samples = task.prepare(measurement.prompt, seed=measurement.seed, shots=measurement.shots)
    digests = item_digests_of(samples)
    both = set(public) & set(digests)
    left_out = tuple(
        number
        for number, digest in enumerate(public)
        if digest in both or digest in public[max(0, number - 1) : number]
    )
    places = list({digest: place for place, digest in reversed([*enumerate(digests)]) if digest not in both}.values())
    wanted = min(measurement.population, len(public) - len(left_out), len(places))
    if not wanted:
        raise Skip("not_testable", "the generator has no items beside the public ones")
    if wanted < len(places):  # not the first ones: late ones of a small space are of other kinds

        def chosen(place: int) -> bytes:
            return sha256(f"{measurement.seed}:{digests[place].hex()}".encode()).digest()

        places = sorted(places, key=chosen)[:wanted]
    return picked(samples, sorted(places)), left_out


def can_leave_out(measurement: Measurement, of: Measurement) -> bool:
    """Whether fresh samples may leave out these of the public ones ``of``: numbers of half of them at most.

    A verifier without their generator knows no more.
    """
    left_out = measurement.left_out
    is_sorted = list(left_out) == sorted(set(left_out))
    return is_sorted and 2 * len(left_out) <= of.population and all(0 <= each < of.population for each in left_out)


def drawn_samples(task: Task, measurement: Measurement, data: Path | None = None) -> Sequence[Sample]:
    """The samples of a measurement that has a seed, as many as its population; twins may be fewer (:func:`twins`).

    ``data`` is a mirror of the hub. Raises Skip where the generator has not so many.
    """
    if measurement.drawn in ARMS:
        return arm_samples(task, measurement, data)
    if measurement.drawn == ORDER:
        return order_samples(task, measurement, data)
    if measurement.drawn == TWINS:
        return twins(task, measurement)[0]
    public = set(item_digests_of(task.prepare(measurement.prompt, shots=measurement.shots)))
    wanted, count = measurement.population, measurement.population + measurement.population // 10 + 20
    for _ in range(_MOST_ROUNDS):
        samples = task.prepare(measurement.prompt, seed=measurement.seed, shots=measurement.shots, count=count)
        seen, places = set(public), []
        for place, digest in enumerate(item_digests_of(samples)):
            if digest not in seen:
                seen.add(digest)
                places.append(place)
        if len(places) >= wanted:
            found = picked(samples, places[:wanted])
            is_text = measurement.drawn == PROMPTS and measurement.kind == "generate"
            return with_seeds(found, measurement.seed) if is_text else found
        count *= 2
    raise Skip("not_testable", f"the generator has not {wanted:,} items beside the public ones")
