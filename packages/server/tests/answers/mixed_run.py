"""A sealed run with every outcome: right, wrong, open, missing after five attempts, partly right; and an image."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steelyard.auditing.finalize import checkpoint, finalize
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.merkle import root
from steelyard.planning.build import plugins_of
from steelyard.planning.orders import questions_of, with_orders
from steelyard.planning.samples import Prepared
from steelyard.records import (
    SUBJECT,
    Attempt,
    Capabilities,
    GenerateRequest,
    Image,
    Outcome,
    PlannedModel,
    RecordedScore,
    Sample,
)
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.committed_order import committed_order
from steelyard.util.compact import Digests
from testkit.plans import measurement, plan, planned_model

BIDI = "\u202egnp.exe\u202c"
MARKUP = "<script>alert(1)</script> \"'onmouseover=alert(2) {{7*7}}"
ASKED = 24
ATTEMPTS = 5  # at a call that fails each time
CODE = "code[completion]@6"


def picture() -> bytes:
    """A PNG of one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


IMAGE = Image(sha256=hashlib.sha256(picture()).hexdigest(), media_type="image/png", at=5)
SUMS = [
    Sample(id=f"sums/row/{n}", request=GenerateRequest(prompt=f"What is {n} + 3? {MARKUP}{BIDI}"), target=str(n + 3))
    for n in range(ASKED - 1)
] + [Sample(id="sums/row/seen", request=GenerateRequest(prompt="What  is shown?", images=(IMAGE,)), target="red")]
CODES = [Sample(id=f"code/row/{n}", request=GenerateRequest(prompt=f"write {n}"), target=str(n)) for n in range(ASKED)]


def answer_to(number: int, sample: Sample) -> str:
    """Right for most; open at 2, wrong at 4; with markup at 6."""
    return {2: "It is 4, or 5.", 4: "7000", 6: f"{MARKUP}{BIDI}\n9"}.get(number, sample.target)


def mixed_run(run: Path, texts: Literal["sealed", "withheld"] = "sealed", worker: str = "") -> Path:
    """Write and seal it, with its texts and its image in the folder; the code's answers in a segment of ``worker``."""
    digests = [Digests(sha256_hex(canonical(each)) for each in samples) for samples in (SUMS, CODES)]
    drafts = [
        measurement(
            id=f"0{place}-{task}", task=task, prompt="written", scorers=(scorer,), population=ASKED, images=not place,
            samples_root=root(digest.encode() for digest in digests[place]).hex(), order_by="sample",
        )
        for place, (task, scorer) in enumerate([("sums", "answer@5"), ("code", CODE)])
    ]  # fmt: skip
    models = {SUBJECT: PlannedModel(identity=planned_model().identity, capabilities=Capabilities(images=True))}
    questions, names = questions_of(drafts, models)
    asked = with_orders(drafts, names, dict.fromkeys(names, "0" * 128))
    sealed = RunFolder.create(
        run,
        plan(
            *asked, models=models, texts=texts, questions=questions, tasks={"sums": "file", "code": "file"},
            software="steelyard 0.1.0", plugins=plugins_of(list(asked), ()),
        ),
        {
            each.id: Prepared(measurement=each, samples=samples, digests=digest)
            for each, samples, digest in zip(asked, (SUMS, CODES), digests, strict=True)
        },
        None,
        None,
    )  # fmt: skip
    journal, kept = Journal.create(run, new_header(plan=sealed.plan_sha256, software="0")), Texts(run)
    journal.append(Session(started_us=0, active_us=0, machine=""))
    for each, samples in zip(asked, (SUMS, CODES), strict=True):
        for position, number in enumerate(committed_order(each.order_seed, each.trials)):
            _write(_Segment(journal, worker if samples is CODES else ""), kept, each.id, samples, position, number)
    journal.append(Stop(reason="complete", active_us=1, at_us=1))
    journal.close()
    kept.close()
    (run / "media").mkdir()
    (run / "media" / IMAGE.sha256).write_bytes(picture())
    checkpoint(RunFolder.open(run))
    finalize(RunFolder.open(run))
    return run


@dataclass
class _Segment:
    journal: Journal
    worker: str

    def append(self, record: Attempt | RecordedScore) -> None:
        self.journal.append(record, self.worker)


def _write(journal: _Segment, kept: Texts, name: str, samples: Sequence[Sample], position: int, number: int) -> None:
    sample, is_code = samples[number], samples is CODES
    fails = not is_code and number == 8

    def attempt(attempt: int, outcome: Outcome, *, final: bool = True, answer: str = "") -> Attempt:
        return Attempt(
            measurement=name, position=position, sample=sample.id, item=kept.add(canonical(sample).decode()), repeat=0,
            attempt=attempt, request=sha256_hex(canonical(sample.request)), outcome=outcome, final=final,
            answer=kept.add(answer), detail="" if outcome is Outcome.OK else f"503 {MARKUP}", started_us=position,
            elapsed_us=2_500_000,
        )  # fmt: skip

    if fails:
        for number_of_attempt in range(1, ATTEMPTS + 1):
            journal.append(attempt(number_of_attempt, Outcome.SERVER_ERROR, final=number_of_attempt == ATTEMPTS))
        return
    journal.append(attempt(1, Outcome.OK, answer=answer_to(number, sample) if not is_code else "def f(): pass"))
    if is_code:
        value = 0.5 if number == 3 else 1.0
        note = f"2 of 4 cases {MARKUP}" if number == 3 else ""
        journal.append(RecordedScore(measurement=name, sample=sample.id, repeat=0, scorer=CODE, value=value, note=note))
