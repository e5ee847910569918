"""A resume has the samples of the sealed plan again, or says which data are missing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.planning.drawn import TWINS, drawn_samples
from steelyard.planning.prepare import prepare_measurement
from steelyard.planning.samples import digests_of, in_item_order
from steelyard.records import Measurement
from steelyard.tasks import load_task
from steelyard.tasks.catalogue import Catalogue


def sealed(drawn: str = "") -> Measurement:
    task = load_task("word_sequence_reversal")
    assert task is not None
    plain = Measurement(
        id="00", task=task.id, prompt="completion", shots=3, kind="generate", scorers=("exact@1",), population=60,
        samples_root="", order_seed="ab", drawn=drawn, seed="5eed" if drawn else "",
    )  # fmt: skip
    rows = drawn_samples(task, plain) if drawn else task.prepare("completion", shots=3)
    root = digests_of(in_item_order(rows)[0])[1]
    measured: Measurement = replace(plain, samples_root=root, population=len(rows))
    return measured


@pytest.mark.parametrize("drawn", ["", TWINS])
def test_the_sealed_samples_are_there_again(drawn: str) -> None:
    measurement = sealed(drawn)
    prepared = prepare_measurement(measurement, Catalogue(()), None)
    assert len(prepared.samples) == len(prepared.digests) == measurement.population


@pytest.mark.parametrize("drawn", ["", TWINS])
def test_others_are_refused(drawn: str) -> None:
    with pytest.raises(InputError, match="not those that the plan sealed"):
        prepare_measurement(replace(sealed(drawn), samples_root="0" * 64), Catalogue(()), None)


def test_a_task_that_is_not_here_is_named() -> None:
    with pytest.raises(InputError, match="other of the plan is not installed"):
        prepare_measurement(replace(sealed(), task="other"), Catalogue(()), None)
