"""Export of runs as Every Eval Ever (schema 0.3.0): one document of results, and optionally a line per model output.

Questions and outputs are exported as digests unless texts are requested: publishing them would contaminate the
benchmark. Unknown fields (who runs it, the relation to the model's developer) are left for the user to fill in.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.adapters.every_eval_ever import SCHEMA_VERSION
from steelyard.errors import InputError
from steelyard.records import (
    Attempt,
    ClaimVerdict,
    GenerateRequest,
    Measurement,
    MeasurementResult,
    Plan,
    Sample,
    SampleScore,
)
from steelyard.util.atomic_file import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.auditing.finalize import Results
    from steelyard.storage.run_folder import RunFolder

__all__ = ["export_run"]

WILSON: Final = "Wilson score interval, missing answers counted both ways"
CLUSTERED: Final = "Wilson score interval over subtasks, Student's t, missing answers counted both ways"
SEQUENCE: Final = "confidence sequence over a committed order, valid at any stop, missing answers counted both ways"


def export_run(path: Path, samples: Path | None = None, *, with_texts: bool = False) -> dict[str, Any]:
    """The document of a sealed run.

    ``samples``: write the instance-level lines to this file too; ``with_texts``: with texts instead of digests. Raises
    VerificationError where the run is not intact, InputError where nothing was measured.
    """
    from steelyard.auditing.finalize import results_of
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.run_folder import RunFolder

    integrity = verify_integrity(path)
    run = RunFolder.open(path)
    found = results_of(run)
    measured = [each for each in found.verdict.measurements if each.measured is not None]
    if not measured:
        ranges = [each for each in found.verdict.measurements if each.asked and each.bounds]
        why = "so many answers are open or missing that there is a range, and no score"
        raise InputError(f"{why if ranges else 'nothing has a score'}: there is nothing to export", where=path)
    exporter = _Exporter(run, found, {"journal_root": integrity.root, "answers_root": integrity.answers_root})
    document = exporter.document(measured)
    if samples is not None:
        document["detailed_evaluation_results"] = exporter.write_lines(samples, with_texts=with_texts)
    return document


class _Exporter:
    """Builds the parts of the document."""

    def __init__(self, run: RunFolder, found: Results, roots: dict[str, str]) -> None:
        self._run = run
        self._plan: Plan = found.plan
        self._measurements = found.plan.by_id
        self._claims = {claim.measurement: claim for claim in found.verdict.claims if claim.measurement}
        self._roots = roots
        self._model = re.sub(r"\s+", "_", found.plan.subject.identity.name or found.plan.subject.identity.uri)[:200]
        self._retrieved = f"{time.time():.0f}"
        names = "+".join(each.task for each in found.plan.measurements)[:120]
        self._evaluation = f"{names}/{self._model.replace('/', '_')}/{self._retrieved}"

    def document(self, measured: list[MeasurementResult]) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "evaluation_id": self._evaluation,
            "evaluation_timestamp": _unix(self._plan.created),
            "retrieved_timestamp": self._retrieved,
            "source_metadata": {
                "source_name": "steelyard",
                "source_type": "evaluation_run",
                "source_organization_name": "unstated",
                "evaluator_relationship": "other",
                "additional_details": {**self._origin(), **self._roots},
            },
            "eval_library": self._library(),
            "model_info": self._model_info(),
            "evaluation_results": [self._result(each) for each in measured],
        }

    def _origin(self) -> dict[str, str]:
        origin = self._plan.origin
        details = {"origin": origin.kind, "plan_format": self._plan.format, "software": self._plan.software}
        if origin.kind == "imported":
            details |= {"imported_from": origin.harness, "log_sha256": origin.sha256}
        return details

    def _library(self) -> dict[str, Any]:
        """The harness: for an imported run that of the log, whose name and version are in the origin."""
        if self._plan.origin.kind != "imported":
            name, _, version = self._plan.software.partition(" ")
            return {"name": name, "version": version}
        name, _, version = self._plan.origin.harness.partition(" ")
        return {"name": name, "version": version or "unknown", "additional_details": {"sealed_by": "steelyard"}}

    def _model_info(self) -> dict[str, Any]:
        model = self._plan.subject.identity
        details = {"deployment_type": "unknown", "model_availability": "unknown"}
        if model.sha256:
            details["sha256"] = model.sha256
        return {"name": model.name or self._model, "id": self._model, "additional_details": details}

    def _result(self, result: MeasurementResult) -> dict[str, Any]:
        measurement = self._measurements[result.measurement]
        claim: ClaimVerdict | None = self._claims.get(result.measurement)
        details = {
            "asked": str(result.asked),
            "missing": str(result.missing),
            "unparsed": str(result.unparsed),
            "verdict": claim.verdict.value if claim else "not_tested",
        }
        if claim:
            details["claimed"] = f"{claim.claimed_text} {claim.unit}"
        interval = claim.ci if claim else result.ci
        uncertainty: dict[str, Any] = {"num_samples": result.asked - result.missing - result.open}
        if interval is not None:
            uncertainty["confidence_interval"] = {
                "lower": interval[0],
                "upper": interval[1],
                "confidence_level": 1 - self._plan.alpha if claim else 0.95,
                "method": _method(result, has_claim=claim is not None),
            }
        return {
            "evaluation_result_id": _result_id(measurement, result.scorer),
            "evaluation_name": measurement.task,
            "source_data": _source(measurement),
            "metric_config": {
                "metric_id": "accuracy",
                "metric_name": result.scorer,
                "metric_kind": "accuracy",
                "metric_unit": "proportion",
                "lower_is_better": False,
                "score_type": "continuous",
                "min_score": 0,
                "max_score": 1,
            },
            "score_details": {"score": result.measured, "details": details, "uncertainty": uncertainty},
            "generation_config": {
                "generation_args": {"temperature": measurement.temperature} if measurement.kind == "generate" else {},
                "additional_details": {
                    "shots": str(measurement.shots),
                    "prompt": measurement.prompt,
                    "repeats": str(measurement.repeats),
                    "differences": " ".join(claim.differences if claim else measurement.differences),
                },
            },
        }

    # ── a line per output ───────────────────────────────────────────────────────────────────────────────────────────

    def write_lines(self, path: Path, *, with_texts: bool) -> dict[str, Any]:
        """Write the instance-level file whole or not at all, and give the reference to it."""
        digest, count = hashlib.sha256(), 0
        with whole_file(path) as file:
            for line in self._lines(with_texts=with_texts):
                file.write(line)
                digest.update(line)
                count += 1
        return self._reference(digest, count, with_texts=with_texts)

    def _lines(self, *, with_texts: bool) -> Iterator[bytes]:
        """One line for each scored output; missing ones have no score, so they have no line."""
        from steelyard.auditing.finalize import read_scores
        from steelyard.evidence.canonical import canonical
        from steelyard.storage.journal.reader import read_lines
        from steelyard.storage.journal.texts import open_index

        scores: dict[tuple[str, str, int], list[SampleScore]] = {}
        for score in read_scores(self._run):
            if score.position >= 0 and score.value is not None:
                scores.setdefault((score.measurement, score.sample, score.repeat), []).append(score)
        texts = open_index(self._run.path)
        for record, _ in read_lines(self._run.path):
            if not isinstance(record, Attempt) or not record.final:
                continue
            for score in scores.pop((record.measurement, record.sample, record.repeat), ()):
                yield canonical(self._line(record, score, texts if with_texts else None)) + b"\n"

    def _line(self, attempt: Attempt, score: SampleScore, texts: Mapping[str, str] | None) -> dict[str, Any]:
        question, answer = _digests(attempt) if texts is None else _texts(attempt, texts)
        tokens = {"input_tokens": attempt.prompt_tokens, "output_tokens": attempt.completion_tokens}
        return {
            "schema_version": SCHEMA_VERSION,
            "evaluation_id": self._evaluation,
            "model_id": self._model,
            "evaluation_name": self._measurements[attempt.measurement].task,
            "evaluation_result_id": _result_id(self._measurements[attempt.measurement], score.scorer),
            "sample_id": attempt.sample,
            "sample_hash": attempt.item,
            "interaction_type": "single_turn",
            "input": question,
            "output": {"raw": [answer]},
            "answer_attribution": [],
            "evaluation": {"score": score.value, "is_correct": score.value == 1.0},
            "token_usage": {**tokens, "total_tokens": attempt.prompt_tokens + attempt.completion_tokens},
            "performance": {"latency_ms": attempt.elapsed_us / 1000} if attempt.elapsed_us else None,
            "metadata": {"repeat": str(attempt.repeat), "status": score.status, "outcome": attempt.outcome.value},
        }

    def _reference(self, digest: hashlib._Hash, count: int, *, with_texts: bool) -> dict[str, Any]:
        """The path that the schema expects for the lines, and their digest, which gives the file's name."""
        name = uuid.UUID(bytes=digest.digest()[:16], version=4)
        folder = "/".join(_slug(part) for part in (self._plan.measurements[0].task, *_developer_and_model(self._model)))
        return {
            "format": "jsonl",
            "file_path": f"data/{folder}/{name}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": digest.hexdigest(),
            "total_rows": count,
            "additional_details": {"texts": "included" if with_texts else "withheld: digests instead"},
        }


def _digests(attempt: Attempt) -> tuple[dict[str, Any], str]:
    answer = f"sha256:{attempt.answer}" if attempt.answer else ""
    return {"raw": f"sha256:{attempt.item}", "reference": []}, answer


def _texts(attempt: Attempt, texts: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    try:
        sample = msgspec.json.decode(texts[attempt.item], type=Sample)
        answer = texts[attempt.answer] if attempt.answer else ""
    except KeyError:
        raise InputError("texts of this run are withheld here: export without --with-texts") from None
    request = sample.request
    raw = request.prefix + (request.prompt if isinstance(request, GenerateRequest) else request.context)
    question: dict[str, Any] = {"raw": raw, "reference": [sample.target]}
    if sample.choices:
        question["choices"] = list(sample.choices)
    return question, answer


def _result_id(measurement: Measurement, scorer: str) -> str:
    """The measurement's id, and the scorer where it has several: each gives a result of its own."""
    return measurement.id if len(measurement.scorers) == 1 else f"{measurement.id}/{scorer}"


def _method(result: MeasurementResult, *, has_claim: bool) -> str:
    if has_claim or result.asked < result.planned:
        return SEQUENCE
    return CLUSTERED if result.clusters else WILSON


def _source(measurement: Measurement) -> dict[str, Any]:
    """The data set: by its repository on the hub, where known."""
    from steelyard.claims.benchmarks import lookup

    benchmark = lookup(measurement.task)
    if benchmark is None or not benchmark.hub:
        return {
            "dataset_name": measurement.task,
            "source_type": "other",
            "additional_details": {"samples_root": measurement.samples_root},
        }
    return {
        "dataset_name": benchmark.title,
        "source_type": "hf_dataset",
        "hf_repo": benchmark.hub,
        "samples_number": measurement.population,
        "additional_details": {"samples_root": measurement.samples_root},
    }


def _developer_and_model(model: str) -> tuple[str, str]:
    developer, _, name = model.rpartition("/")
    return developer or "unknown", name


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100] or "unnamed"


def _unix(stamp: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(stamp).timestamp():.0f}"
