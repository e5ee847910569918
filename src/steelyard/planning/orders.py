"""Where a plan's orders come from: a random secret, or the auditor's key and what its ledger says.

Order seeds follow from the output for the measurement's benchmark alone, and from its arm. So measurements of one
benchmark have one order, whatever their prompt formats and limits are.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.ledger import Begun, Counts, Line, Tags, carried_plans, counts_of
from steelyard.evidence.ledger_file import LedgerFile
from steelyard.evidence.order import Prover, question_digest
from steelyard.planning.difficulties import fingerprint
from steelyard.planning.questions import benchmark_of, subject_of
from steelyard.planning.weights import shares_of_time
from steelyard.records import GATE_SERIES, LedgerPlace, Measurement, PlannedModel, PlannedTest, Question

__all__ = ["Orders", "Placed", "ProvedOrders", "RandomOrders", "questions_of", "seed_of", "with_orders"]

GATE = "gate"  # the detector whose tests are counted as a series of their own


@dataclass(frozen=True)
class Placed:
    """The questions of a plan by their digest, with what fixes their orders, and the plan's place in the ledger."""

    questions: Mapping[str, Question]
    outputs: Mapping[str, str]
    ledger: LedgerPlace | None = None


class Orders(Protocol):
    """What a plan asks for its orders."""

    def place(self, questions: Mapping[str, Question], kind: Begun) -> Placed:
        """Number the questions of a plan, and fix their orders."""


class RandomOrders:
    """Orders from a random secret, where no key signs the plan: whoever made it could have chosen them."""

    def place(self, questions: Mapping[str, Question], kind: Begun) -> Placed:
        """See :class:`Orders`."""
        secret = secrets.token_hex(32)
        seeds = {name: sha256_hex(f"{secret}:{each.benchmark}".encode()) for name, each in questions.items()}
        return Placed(questions, seeds)


@dataclass
class ProvedOrders:
    """Orders from the auditor's key. Without a ledger each question counts as asked for the first time.

    With one, it is locked from :meth:`place` to :meth:`close`, which comes after :meth:`begin` has written its line.
    ``timestamped``: the plan says that a time stamp over that line belongs to it.
    """

    signer: KeySigner
    ledger: LedgerFile | None = None
    timestamped: bool = False
    _kind: Begun = "audit"
    _tags: tuple[Tags, ...] = field(default=(), init=False)

    def place(self, questions: Mapping[str, Question], kind: Begun) -> Placed:
        """See :class:`Orders`."""
        if self.ledger is not None:
            self.ledger.open()
        prover, found, outputs, tags = Prover(self.signer), {}, {}, []
        together = subjects_together(questions)
        for name, question in questions.items():
            proofs, own = prover.tags(question.benchmark, question.subject)
            counts = counts_of(self.ledger.lines, kind, own) if self.ledger else Counts()
            apart = "" if self.ledger else together[question.benchmark]
            proof, outputs[name] = prover.order(question.benchmark, kind, counts.order_number, apart)
            found[name] = msgspec.structs.replace(
                question,
                number=counts.number,
                order_number=counts.order_number,
                of_subject=counts.of_subject,
                of_benchmark=counts.of_benchmark,
                never_ended=counts.never_ended,
                order_proof=proof,
                tag_proofs=proofs,
            )
            tags.append(own)
        self._kind, self._tags = kind, tuple(tags)
        return Placed(found, outputs, _place_after(self.ledger.lines, self.timestamped) if self.ledger else None)

    def begin(self, plan_sha256: str) -> bytes:
        """Write the line that begins the plan; the whole ledger for its bundle, empty where there is none."""
        if self.ledger is None:
            return b""
        self.ledger.begin(self._kind, plan_sha256, self._tags)
        return self.ledger.data

    def abandon(self, plan_sha256: str) -> None:
        """Write that a plan which has begun was not made after all."""
        if self.ledger is not None:
            self.ledger.end("abandoned", plan_sha256)

    def close(self) -> None:
        """Give the ledger's lock back."""
        if self.ledger is not None:
            self.ledger.close()


def _place_after(lines: Sequence[Line], timestamped: bool) -> LedgerPlace:
    return LedgerPlace(
        line=len(lines),
        previous=lines[-1].digest,
        opened_later=lines[0].word == "later",
        timestamped=timestamped,
        carried=carried_plans(lines),
    )


def subjects_together(questions: Mapping[str, Question]) -> dict[str, str]:
    """By benchmark, the subjects that a plan asks about it: they are asked in one order, so that they can be paired."""
    found: dict[str, set[str]] = {}
    for question in questions.values():
        found.setdefault(question.benchmark, set()).add(question.subject)
    return {benchmark: "\n".join(sorted(subjects)) for benchmark, subjects in found.items()}


def questions_of(
    measurements: Sequence[Measurement], models: Mapping[str, PlannedModel], tests: Sequence[PlannedTest] = ()
) -> tuple[dict[str, Question], list[str]]:
    """The questions that measurements ask, by their digest and in its order; and the digest of each measurement's.

    What gates among the ``tests`` read is counted once more, as gates that ask the same in the same way.
    """
    found: dict[str, Question] = {}
    names = []
    by_id = {each.id: each for each in measurements}
    gated = {reads.measurement for test in tests if test.rule.partition("@")[0] == GATE for reads in test.reads}
    for measurement in measurements:
        subject = subject_of(models[measurement.role].identity)
        # What is drawn from the order is in no question: the order would follow from it.
        of = by_id.get(measurement.beside, measurement) if measurement.drawn else measurement
        benchmarks = [benchmark_of(of)]
        benchmarks += [GATE_SERIES + measurement.asks] if measurement.id in gated else []
        digests = [question_digest(benchmark, subject) for benchmark in benchmarks]
        found |= {
            name: Question(benchmark=benchmark, subject=subject)
            for name, benchmark in zip(digests, benchmarks, strict=True)
        }
        names.append(digests[0])
    return dict(sorted(found.items())), names


def seed_of(output: str, arm: str, difficulties: str = "") -> str:
    """The order seed of a measurement, in hexadecimal digits, from the output for its question and its arm.

    And from the digest of known ``difficulties``, where it has any: whoever knows an order could otherwise write
    difficulties by which its first samples would accuse anybody.
    """
    fixed = {"arm": arm, "output": output}
    return sha256_hex(canonical(fixed | {"difficulties": difficulties} if difficulties else fixed))


def with_orders(
    measurements: Sequence[Measurement], names: Sequence[str], outputs: Mapping[str, str], weight: str = ""
) -> tuple[Measurement, ...]:
    """The measurements with their questions, their order seeds and their shares of the time budget."""
    shares = shares_of_time(measurements, weight)
    return tuple(
        msgspec.structs.replace(each, question=name, order_seed=_seed(each, outputs[name]), share=share)
        for each, name, share in zip(measurements, names, shares, strict=True)
    )


def _seed(measurement: Measurement, output: str) -> str:
    return seed_of(output, measurement.arm, fingerprint(measurement.difficulties))
