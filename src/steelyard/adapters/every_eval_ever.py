"""Claim sheets from Every Eval Ever: one JSON file of results of one model, schema 0.3.0 (0.1 and 0.2 are read too).

Scores keep the decimals that the file has. The unit follows from the metric's bounds or unit in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from steelyard.adapters.benchmark_names import Unit, infer_unit, known_task
from steelyard.adapters.sheet_file import decimal_text
from steelyard.adapters.untrusted_json import entries, mapping, number, parse, read_bytes, text, texts
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, Protocol

__all__ = ["SCHEMA_VERSION", "is_every_eval_ever", "read_every_eval_ever"]

SCHEMA_VERSION: Final = "0.3.0"  # eval.schema.json of every-eval-ever 0.3.0 on PyPI, read on 2026-11-24
READ: Final = ("0.1", "0.2", "0.3")
UNITS: Final[dict[str, Unit]] = {
    "percent": "percent",
    "percentage": "percent",
    "%": "percent",
    "proportion": "fraction",
    "fraction": "fraction",
    "ratio": "fraction",
    "elo": "elo",
    "points": "points",
}
MAX_BYTES: Final = 64 * 2**20
MAX_TEMPERATURE: Final = 100


def is_every_eval_ever(document: Any) -> bool:
    """Whether a JSON document is one file of results of Every Eval Ever."""
    return {"schema_version", "evaluation_results", "model_info"} <= mapping(document).keys()


def read_every_eval_ever(path: Path) -> ClaimSheet:
    """The sheet of one file; raises InputError for another format or schema, and where no score is a number."""
    document = mapping(parse(read_bytes(path, MAX_BYTES), path, parse_float=Decimal))
    if not is_every_eval_ever(document):
        raise InputError("not Every Eval Ever: it has no schema_version, model_info and evaluation_results", where=path)
    version = text(document["schema_version"])
    if not version.startswith(tuple(f"{each}." for each in READ)):
        raise InputError(f"its schema is {version[:20]!r}; {', '.join(READ)} are read here", where=path)
    results = [mapping(each) for each in entries(document["evaluation_results"])]
    harness = _harness(document)
    claims = tuple(claim for result in results if (claim := _claim(result, harness)) is not None)
    if not claims:
        raise InputError("none of its evaluation_results has a score that is a number", where=path)
    model = mapping(document["model_info"])
    return ClaimSheet(
        model=text(model.get("id")) or text(model.get("name")) or "unnamed",
        vendor=text(model.get("developer")),
        date=_day(text(document.get("evaluation_timestamp"))),
        source=text(mapping(document.get("source_metadata")).get("source_organization_url")) or path.name,
        origin=tuple(_origin(document, len(results) - len(claims))),
        claims=claims,
    )


def _origin(document: dict[str, Any], left_out: int) -> Iterator[str]:
    source = mapping(document.get("source_metadata"))
    named = [text(source.get(key)) for key in ("source_name", "source_organization_name")]
    relation = text(source.get("evaluator_relationship")) or "unstated"
    yield (
        f"Taken from Every Eval Ever, {text(document.get('evaluation_id')) or 'without an id'}: "
        f"{text(source.get('source_type')) or 'a source of an unstated kind'} by "
        f"{', '.join(name for name in named if name) or 'an unnamed organisation'}; relation to the model: {relation}."
    )
    if left_out:
        yield f"{left_out} results have no score that is a number and are left out."


def _harness(document: dict[str, Any]) -> str:
    library = mapping(document.get("eval_library"))
    return " ".join(part for part in (text(library.get("name")), text(library.get("version"))) if part)


def _day(stamp: str) -> str:
    """A Unix time or ISO date as a day; nothing for anything else."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(float(stamp), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return datetime.fromisoformat(stamp).date().isoformat()
    except ValueError:
        return ""


# ── one result ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _claim(result: dict[str, Any], harness: str) -> Claim | None:
    details = mapping(result.get("score_details"))
    value = _score(details.get("score"))
    if value is None:
        return None
    source, metric = mapping(result.get("source_data")), mapping(result.get("metric_config"))
    name, dataset = text(result.get("evaluation_name")), text(source.get("dataset_name"))
    hub = text(source.get("hf_repo"))
    task = known_task((name, dataset, hub.rpartition("/")[2]), hub)
    measure = (
        text(metric.get("metric_name")) or text(metric.get("metric_id")) or text(metric.get("evaluation_description"))
    )
    unit, unit_note = _unit(metric, measure, float(value))
    uncertainty = {**details, **mapping(details.get("uncertainty"))}  # 0.1 had the interval beside the score
    error = mapping(uncertainty.get("standard_error")).get("value")
    origin = [
        f"called {name} there" if task else "",
        f"data set {hub or dataset}" if hub or dataset else "",
        f"source {texts(source.get('url'))[0]}" if source.get("url") else "",
        unit_note,
        f"standard error {error}" if isinstance(error, Decimal | int) else "",
        "a lower value is better" if metric.get("lower_is_better") is True else "",
    ]
    samples = uncertainty.get("num_samples")
    return Claim(
        task=task or name or dataset or "unnamed",
        value=value,
        unit=unit,
        metric=measure[:200],
        samples=samples if isinstance(samples, int) and 1 <= samples < 10**9 else None,
        shots=_shots(result),
        protocol=Protocol(decoding=_decoding(result), harness=harness),
        note="; ".join(filter(None, (name if task else "", hub.rpartition("/")[2] or dataset))),
        origin="; ".join(filter(None, origin)),
    )


def _score(score: Any) -> str | None:
    if isinstance(score, bool) or not isinstance(score, int | Decimal):
        return None
    return decimal_text(str(score) if len(str(score)) < 60 else "")


def _unit(metric: dict[str, Any], measure: str, value: float) -> tuple[Unit, str]:
    if metric.get("lower_is_better") is True:
        return "points", ""
    stated = UNITS.get(text(metric.get("metric_unit")).lower())
    if stated is not None:
        return stated, ""
    least, most = (_bound(metric.get(key)) for key in ("min_score", "max_score"))
    if least == 0 and most in (1.0, 100.0) and value <= most:
        return ("fraction", "") if most == 1 else ("percent", "")
    return infer_unit(measure or "score", value, beside_percent=False)


def _bound(value: Any) -> float | None:
    return float(value) if isinstance(value, Decimal) and value.is_finite() else number(value)


def _details(result: dict[str, Any]) -> dict[str, Any]:
    config = mapping(result.get("generation_config"))
    return {**mapping(config.get("generation_args")), **mapping(config.get("additional_details"))}


def _decoding(result: dict[str, Any]) -> str:
    temperature = _details(result).get("temperature")
    if isinstance(temperature, bool) or not isinstance(temperature, Decimal | int):
        return ""
    printed = decimal_text(str(temperature)) if 0 <= temperature <= MAX_TEMPERATURE else None
    return "greedy" if temperature == 0 else f"temperature {printed}" if printed else ""


def _shots(result: dict[str, Any]) -> int | None:
    stated = _details(result).get("num_fewshot")
    found = text(stated) if not isinstance(stated, Decimal) else ""
    return int(found) if found.isascii() and found.isdigit() and len(found) < 4 else None
