"""What the embedded model writes, read as a person read it once.

``tests/assets/readings.json`` holds, by task and sample, the beginning of the output's SHA-256 and the answer that a
person found in it; empty where it was cut off before its answer, or names several (a letter, and another choice's
text). The outputs themselves hold texts of benchmarks and are made anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from steelyard.auditing.conductor import plan_run
from steelyard.auditing.scoring import read_score, scorers_of
from steelyard.models import open_model
from steelyard.planning.build import RunRequest
from steelyard.planning.options import Options
from steelyard.plugins import Scorer
from steelyard.records import GenerateRequest, ModelOutput, Sample

READINGS = json.loads((Path(__file__).parent.parent / "assets/readings.json").read_bytes())


async def outputs(
    task: str, prompt: str, data: Path, names: set[str]
) -> tuple[Scorer, list[tuple[Sample, ModelOutput]]]:
    """What the embedded model answers to these samples."""
    model = open_model("embedded:smollm2")
    audit = await plan_run([RunRequest(task=task, prompt=prompt)], {"subject": model}, Options(data=data))
    try:
        (prepared,) = audit.prepared.values()
        found = []
        for number in range(len(prepared.samples)):
            sample = prepared.samples[number]
            if sample.id in names:
                assert isinstance(sample.request, GenerateRequest)
                found.append((sample, await model.generate(sample.request)))
        ((scorer,),) = scorers_of(audit.plan).values()
        return scorer, found
    finally:
        await audit.close()


@pytest.mark.slow
@pytest.mark.parametrize("asked", list(READINGS))
def test_the_embedded_models_outputs_are_read_as_a_person_reads_them(asked: str, smollm2: Path, shared: Path) -> None:
    task, prompt = asked.split()
    labels = READINGS[asked]
    scorer, found = asyncio.run(outputs(task, prompt, shared / "data", set(labels)))
    assert len(found) == len(labels)
    same = 0
    for sample, output in found:
        digest, label = labels[sample.id]
        if not hashlib.sha256(output.text.encode()).hexdigest().startswith(digest):
            continue  # another machine's rounding
        same += 1
        meant = str("ABCD".index(label)) if task == "mmlu" and label else label
        value = read_score(scorer, sample, output).value
        if not label:
            assert value in (None, 0.0), sample.id
            continue
        right = (
            sample.target == meant if task == "mmlu" else Fraction(sample.target.replace(",", "")) == Fraction(meant)
        )
        assert value == float(right), sample.id
        assert read_score(scorer, msgspec.structs.replace(sample, target=meant), output).value == 1.0, sample.id
    assert same > 0
