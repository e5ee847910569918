"""Stretches of a benchmark's file, in the file's order and shuffled, for a detector.

A model that was trained on a file in its order finds that order likelier than others (Oren et al. 2023, "Proving test
set contamination in black box language models"). So the file is cut into up to :data:`MOST_SHARDS` stretches. Of each,
the first sample is the context, and the others follow it in the order of the file and in :data:`SHUFFLES` other orders:
one request for log-likelihoods, in which the file's order has a drawn place. The other orders and the place follow from
a seed that nobody can foresee (:mod:`steelyard.planning.drawn`).

It shows something only where the order is known to be random: then the file's order and the others could be exchanged,
unless a model has seen it. A sorted file is likelier in its order for everybody. So the task must say why its order is
random (``random_order``), and that a file looks random is no reason. But one order is one draw, and where it is an
unlucky one the file is not asked (:mod:`steelyard.planning.order_luck`).

How long a stretch is follows from the samples' texts alone, in characters: nobody chooses it, and it does not depend on
a model's context. Where a stretch does not fit into that, its answer is missing, which speaks for the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.planning.order_luck import unlucky
from steelyard.planning.testable import Skip
from steelyard.records import Capabilities, GenerateRequest, LoglikelihoodRequest, Measurement, Sample
from steelyard.util.committed_order import committed_order

if TYPE_CHECKING:
    from steelyard.tasks.task import Task

__all__ = [
    "ORDER",
    "SHUFFLES",
    "check_likelihoods",
    "check_order",
    "count_shards",
    "is_remark",
    "item_text",
    "order_samples",
    "orders_of",
    "shard_sample",
    "shards_of",
    "stretches_of",
]

ORDER: Final = "order"
SHUFFLES: Final = 20
MOST_SHARDS: Final = 50
LEAST_SHARDS: Final = 10
LEAST_SAMPLES: Final = 5  # a context and four more: 23 other orders, of which 20 differ
MOST_SAMPLES: Final = 20
MOST_CHARACTERS: Final = 1_500
_REMARK: Final = "{shards} stretches of the file, {used:,} of its {total:,} samples. Its order is random: {reason}"
_IS_REMARK: Final = re.compile(r"[0-9]{1,2} stretches of the file, [0-9,]{1,11} of its [0-9,]{1,11} samples\. .{1,500}")


def check_likelihoods(capabilities: Capabilities) -> None:
    """Raise Skip where a model does not say how likely a prompt is."""
    if not capabilities.loglikelihood:
        why = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        raise Skip("not_testable", f"how likely the file's order is cannot be asked: {why}")


def check_order(task: Task, beside: Measurement) -> None:
    """Raise Skip where the order of a task's file is not known to be random, or nobody outside has seen it."""
    if beside.suite or not beside.public:
        # To ask would also send right answers that nobody outside has.
        raise Skip("not_testable", "the questions are not public, so nobody outside knows their order")
    if task.definition.fields.images:
        raise Skip("not_testable", "the samples show images, and the order of their texts alone says little")
    if not task.definition.random_order:
        raise Skip("not_testable", "the order of this file is not known to be random")


def shards_of(lengths: Sequence[int]) -> list[range]:
    """The stretches of samples whose texts have these lengths in characters, as places of the file.

    The file is cut into equal parts, and each stretch is the beginning of one. A part of which fewer than
    :data:`LEAST_SAMPLES` samples fit gives none.
    """
    parts = min(MOST_SHARDS, len(lengths) // LEAST_SAMPLES)
    shards = []
    for part in range(parts):
        begin, end = part * len(lengths) // parts, (part + 1) * len(lengths) // parts
        place, characters = begin, 0
        while place < min(end, begin + MOST_SAMPLES) and characters + lengths[place] <= MOST_CHARACTERS:
            characters += lengths[place]
            place += 1
        if place - begin >= LEAST_SAMPLES:
            shards.append(range(begin, place))
    return shards


def stretches_of(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The texts of each stretch of a file that has these."""
    return tuple(tuple(texts[place] for place in places) for places in shards_of(tuple(map(len, texts))))


def orders_of(seed: str, shard: int, length: int) -> tuple[int, list[tuple[int, ...]]]:
    """The place of the file's own order, and the orders of a stretch's samples after the first, no two alike.

    Each order is a permutation of 1 … length − 1. Given which orders they are, the file's is at any place alike.
    """
    own = tuple(range(1, length))
    found = {own: None}
    attempt = 0
    while len(found) <= SHUFFLES:
        order = committed_order(f"{seed}:{shard}:{attempt}", length - 1)
        found.setdefault(tuple(place + 1 for place in order))
        attempt += 1
    others = list(found)[1:]
    place = int.from_bytes(sha256(f"{seed}:{shard}:place".encode()).digest()) % (SHUFFLES + 1)
    return place, [*others[:place], own, *others[place:]]


def count_shards(task: Task, beside: Measurement, data: Path | None) -> tuple[int, str]:
    """How many stretches a file has, and the sentence that says so; raises Skip for too few, or an unlucky order.

    ``data`` is a mirror of the hub.
    """
    texts = _texts(task, beside.prompt, data)
    shards = stretches_of(texts)
    if len(shards) < LEAST_SHARDS:
        raise Skip(
            "not_testable",
            f"the file has {len(shards)} stretches of at least {LEAST_SAMPLES} samples in {MOST_CHARACTERS:,} "
            f"characters; {LEAST_SHARDS} are needed",
        )
    if why_not := unlucky(shards):
        raise Skip("not_testable", why_not)
    used, reason = sum(map(len, shards)), task.definition.random_order
    return len(shards), _REMARK.format(shards=len(shards), used=used, total=len(texts), reason=reason)


def is_remark(sentence: str) -> bool:
    """Whether this is the sentence of :func:`count_shards`."""
    return bool(_IS_REMARK.fullmatch(sentence))


def order_samples(task: Task, measurement: Measurement, data: Path | None) -> Sequence[Sample]:
    """The stretches of a file, each with its orders by the measurement's seed."""
    texts = _texts(task, measurement.prompt, data)
    return [
        shard_sample(f"{task.id}/{ORDER}/{number}", stretch, measurement.seed, number)
        for number, stretch in enumerate(stretches_of(texts))
    ]


def shard_sample(name: str, texts: Sequence[str], seed: str, number: int) -> Sample:
    """One stretch: its first text, and the others in each order. The target is the place of the file's own."""
    place, orders = orders_of(seed, number, len(texts))
    continuations = tuple("".join(texts[each] for each in order) for order in orders)
    return Sample(
        id=name, request=LoglikelihoodRequest(context=texts[0], continuations=continuations), target=str(place)
    )


@lru_cache(maxsize=8)
def _texts(task: Task, prompt: str, data: Path | None) -> tuple[str, ...]:
    """Question and right answer of each item in the order of the file, as they stand in a prompt without examples."""
    return tuple(map(item_text, task.prepare(prompt, data, shots=None)))


def item_text(sample: Sample) -> str:
    """One item of a file: its question, its right answer, and an empty line."""
    request = sample.request
    if isinstance(request, LoglikelihoodRequest):
        chosen = int(sample.target) if sample.target.isdecimal() else 0
        asked, answer = request.context, request.continuations[min(chosen, len(request.continuations) - 1)]
    else:
        asked = request.prompt if isinstance(request, GenerateRequest) else request.context
        answer = sample.target_text
    joint = "" if asked[-1:].isspace() or answer[:1].isspace() else " "
    return f"{asked}{joint}{answer}".strip() + "\n\n"
