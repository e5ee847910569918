"""Which of several trainings of a recipe answers which question: by the committed order's seed, and by nothing else.

A vendor who chose it would have each question answered by a training that gets it right: 32 trainings of true rate .60
score .93 so. Trainings are counted in the order of their weights' SHA-256, so the order of a list means nothing, and
every n episodes that follow one another in the committed order are answered by all n trainings once, in an order of
their own. All questions about one episode are answered by the same training, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from steelyard.evidence.canonical import sha256_hex
from steelyard.planning.order import order_of
from steelyard.records import Capabilities, Checkpoint, GenerateRequest, Measurement, Plan, PlannedModel, Sample

__all__ = [
    "RECORDING",
    "Turns",
    "answering",
    "assigned_trainings",
    "digest_of_checkpoints",
    "trainings_of",
    "turns_of",
    "with_turns",
]

RECORDING: Final = "recording"  # the backend of a model whose answers were given for another order


class _AboutEpisode(msgspec.Struct):
    """A question that names the seed of what it is about."""

    seed: int


def digest_of_checkpoints(checkpoints: Mapping[str, Sequence[Checkpoint]]) -> str:
    """The SHA-256 over a line ``WEIGHTS  CONFIG  OFFER`` for each checkpoint, sorted: what a model of several is.

    So neither the order of a list nor the names of folders make it another subject.
    """
    lines = sorted(
        f"{each.sha256}  {each.config}  {offer}\n" for offer, several in checkpoints.items() for each in several
    )
    return sha256_hex("".join(lines).encode())


def turns_of(measurement: Measurement, samples: Sequence[Sample], trainings: int) -> tuple[int, ...]:
    """By place of the committed order, the number from 0 of the training that answers; empty for one training.

    Episodes are counted as they first come in the order. The permutation of a block of ``trainings`` episodes sorts the
    trainings by SHA-256("seed:training:block:number").
    """
    if trainings < 2:
        return ()
    found: dict[str, int] = {}
    turns: list[int] = []
    permutation: list[int] = []
    for trial in order_of(measurement):
        episode = _episode_of(samples[trial // measurement.repeats])
        if episode not in found:
            block, place = divmod(len(found), trainings)
            if place == 0:
                permutation = _permutation(measurement.order_seed, block, trainings)
            found[episode] = permutation[place]
        turns.append(found[episode])
    return tuple(turns)


def _permutation(seed: str, block: int, trainings: int) -> list[int]:
    return sorted(range(trainings), key=lambda each: sha256(f"{seed}:training:{block}:{each}".encode()).digest())


def _episode_of(sample: Sample) -> str:
    """The seed that a question in JSON names; for any other question the question itself."""
    if isinstance(sample.request, GenerateRequest):
        try:
            return str(msgspec.json.decode(sample.request.prompt, type=_AboutEpisode).seed)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    return sample.id


def with_turns(measurement: Measurement, samples: Sequence[Sample], model: PlannedModel) -> Measurement:
    """The measurement, whose order is fixed, with the turns of the trainings that answer it."""
    turns = turns_of(measurement, samples, assigned_trainings(measurement, model))
    return msgspec.structs.replace(measurement, turns=turns) if turns else measurement


def trainings_of(measurement: Measurement, capabilities: Capabilities) -> int:
    """How many trainings of a recipe answer a measurement: 0 where its model names no checkpoints."""
    return max((len(capabilities.checkpoints.get(need, ())) for need in measurement.needs), default=0)


def assigned_trainings(measurement: Measurement, model: PlannedModel) -> int:
    """As :func:`trainings_of`, for answers that the plan assigns: 0 for what is asked again, and for recorded ones.

    A question is asked again of whoever was asked first. Recorded answers were given for another order.
    """
    if measurement.again or model.identity.backend == RECORDING:
        return 0
    return trainings_of(measurement, model.capabilities)


class Turns:
    """The checkpoints that a plan has answer each sample of a measurement, by the sample's number."""

    def __init__(self, plan: Plan, measurement: Measurement) -> None:
        self.needs = measurement.needs
        self._checkpoints = plan.checkpoints_of(measurement)
        first = plan.by_id[measurement.beside] if measurement.again else measurement
        self._by_sample: dict[int, int] = {}
        if first.turns:
            places = zip(order_of(first), first.turns, strict=True)
            self._by_sample = {trial // first.repeats: turn for trial, turn in places}

    def of(self, sample: int) -> tuple[str, ...]:
        """The SHA-256 of the weights that answer a sample, one for each of the measurement's needs."""
        turn = self._by_sample.get(sample, 0)
        return tuple(several[turn].sha256 for several in self._checkpoints)


def answering(plan: Plan) -> dict[str, Turns]:
    """By measurement, the turns of those that are asked of a model that names its checkpoints."""
    return {each.id: Turns(plan, each) for each in plan.measurements if each.needs}
