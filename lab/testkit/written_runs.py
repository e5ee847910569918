"""A run that is asked, but not finalized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steelyard.auditing.finalize import checkpoint
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.merkle import root
from steelyard.planning.build import plugins_of
from steelyard.planning.orders import questions_of, with_orders
from steelyard.planning.samples import Prepared
from steelyard.records import (
    Attempt,
    GenerateRequest,
    Outcome,
    RecordedScore,
    Sample,
)
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.committed_order import committed_order
from steelyard.util.compact import Digests
from testkit.plans import measurement, plan

EXECUTING = "code[completion]@6"


SAMPLES = [Sample(id=f"t/row/{n}", request=GenerateRequest(prompt=f"write {n}"), target=str(n)) for n in range(40)]


DIGESTS = Digests(sha256_hex(canonical(sample)) for sample in SAMPLES)


@dataclass
class Written:
    """A run that is asked, but not finalized."""

    run: Path
    texts: Path


def written(
    run: Path, scorer: str, recorded: Sequence[int] = (), texts: Literal["sealed", "withheld"] = "sealed"
) -> Written:
    """Forty answers, of which those below 30 are right; ``recorded``: the positions whose score is journalled."""
    drafts = [measurement(
        prompt="written", scorers=(scorer,), population=len(SAMPLES),
        samples_root=root(digest.encode() for digest in DIGESTS).hex(), order_by="sample",
    )]  # fmt: skip
    questions, names = questions_of(drafts, plan().models)
    (asked,) = with_orders(drafts, names, dict.fromkeys(names, "0" * 128))
    sealed = RunFolder.create(
        run,
        plan(
            asked,
            software="steelyard 0.1.0",
            texts=texts,
            questions=questions,
            tasks={"t": "file"},
            plugins=plugins_of([asked], ()),
        ),
        {asked.id: Prepared(measurement=asked, samples=SAMPLES, digests=DIGESTS)},
        None,
        None,
    )
    journal, kept = Journal.create(run, new_header(plan=sealed.plan_sha256, software="0")), Texts(run)
    journal.append(Session(started_us=0, active_us=0, machine=""))
    for position, number in enumerate(committed_order(asked.order_seed, asked.trials)):
        sample = SAMPLES[number]
        journal.append(
            Attempt(
                measurement=asked.id,
                position=position,
                sample=sample.id,
                item=kept.add(canonical(sample).decode()),
                repeat=0,
                attempt=1,
                request=sha256_hex(canonical(sample.request)),
                outcome=Outcome.OK,
                final=True,
                answer=kept.add(sample.target if number < 30 else "no"),
                started_us=0,
                elapsed_us=1,
            )
        )
        if position in recorded:
            journal.append(
                RecordedScore(
                    measurement=asked.id, sample=sample.id, repeat=0, scorer=scorer, value=None if number == 7 else 1.0
                )
            )
    journal.append(Stop(reason="complete", active_us=1, at_us=1))
    journal.close()
    kept.close()
    checkpoint(RunFolder.open(run))
    return Written(run, run / "texts" / "main-0000.jsonl")
