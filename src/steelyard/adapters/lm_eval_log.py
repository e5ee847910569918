"""lm-eval's results and samples (``--output_path … --log_samples``), read line by line, each task a row.

Kept: prompts, continuations with their log-likelihoods or the first raw answer, targets, the chosen metric under the
chosen filter, worked examples, documents that the log should hold and does not. The log has no tokens, times or errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from steelyard.adapters.benchmark_names import known_task
from steelyard.adapters.chat_messages import request_texts
from steelyard.adapters.imported_run import ImportedItem, ImportedLog, ImportedTask
from steelyard.adapters.log_fields import Targets, notes_on_decoding, score_of
from steelyard.adapters.untrusted_json import (
    entries,
    file_sha256,
    json_lines,
    mapping,
    number,
    parse,
    read_json,
    refused,
    text,
    texts,
    whole_number,
)
from steelyard.claims.decoding import TEMPERATURE_NOT_STATED
from steelyard.errors import InputError
from steelyard.records import (
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Origin,
    Outcome,
    Request,
    Sample,
    Score,
)
from steelyard.util.compact import Naturals

__all__ = ["is_lm_eval_results", "read_lm_eval_log", "results_in"]

HARNESS: Final = "lm_eval"
RESULTS: Final = re.compile(r"results_(?P<when>[0-9T.\-]+)\.json")
INVALID: Final = "[invalid]"  # what a filter gives where it finds nothing
MAX_DEPTH: Final = 3
MAX_NUMBER: Final = 12


def is_lm_eval_results(document: Any) -> bool:
    """Whether a JSON document holds lm-eval's results."""
    return {"results", "configs", "n-samples"} <= mapping(document).keys()


def results_in(folder: Path) -> list[Path]:
    """The results files in a folder and the folders in it, sorted by name."""
    found = []
    for place, folders, files in os.walk(folder):
        if len(Path(place).relative_to(folder).parts) >= MAX_DEPTH:
            folders.clear()
        found += [Path(place) / name for name in files if RESULTS.fullmatch(name)]
    return sorted(found)


def read_lm_eval_log(source: Path, metric: str = "", scorer: str = "", tasks: tuple[str, ...] = ()) -> ImportedLog:
    """Read a results file, or the folder that holds one, with the samples beside it.

    ``metric`` is NAME or NAME,FILTER, default the first of each task; ``tasks`` choose some of the log's; ``scorer`` is
    one of our identifiers, to score the outputs again. Raises InputError for anything that is not an lm-eval log, no
    samples beside it, and a task or metric that is not in it.
    """
    path = _results_file(source)
    results = mapping(read_json(path))
    if not is_lm_eval_results(results):
        raise InputError("not lm-eval results: it has no results, configs and n-samples", where=path)
    files = _sample_files(path, results)
    if unknown := [name for name in tasks if name not in files]:
        raise refused(f"the log has no samples of {unknown[0]!r}; it has: {', '.join(sorted(files))}", path)
    chosen = {name: file for name, file in files.items() if not tasks or name in tasks}
    harness = f"{HARNESS} {text(results.get('lm_eval_version')) or 'of an unstated version'}"
    model = text(results.get("model_name")) or text(mapping(results.get("config")).get("model")) or "unknown"
    absent = sorted(mapping(results["configs"]).keys() - files.keys())
    notes: tuple[str, ...] = (
        (f"The log has results without samples, which are left out: {', '.join(absent)[:200]}.",) if absent else ()
    )
    if len(chosen) < len(files):
        notes += (
            f"The log has {len(files):,} benchmarks with samples, and {len(chosen):,} of them are here (--task).",
        )
    return ImportedLog(
        tuple(_task(name, file, results, metric, scorer, path, notes) for name, file in chosen.items()),
        Origin(kind="imported", harness=harness, file=path.name, sha256=file_sha256(path, *chosen.values())),
        ModelIdentity(uri=f"imported:{model}", name=model, backend=harness),
    )


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _results_file(source: Path) -> Path:
    if not source.is_dir():
        return source
    found = results_in(source)
    if not found:
        raise InputError("no results_*.json is in this folder: run lm_eval with --output_path", where=source)
    if len(found) > 1:
        raise InputError(
            f"{len(found)} results are in this folder: name one of them, such as {found[-1]}", where=source
        )
    return found[0]


def _sample_files(path: Path, results: dict[str, Any]) -> dict[str, Path]:
    """The samples beside the results, by task: the folder's own names are compared, none is made from the log's."""
    stamp = RESULTS.fullmatch(path.name)
    suffix = f"_{stamp['when']}.jsonl" if stamp else ".jsonl"
    there = {file.name: file for file in path.parent.glob("samples_*.jsonl") if file.is_file()}
    found = {}
    for name in mapping(results.get("configs")):
        file = there.get(f"samples_{name}{suffix}")
        if file is not None:
            found[name] = file
    if not found:
        raise InputError("there are no samples beside it: run lm_eval with --log_samples", where=path)
    return found


# ── a task ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _task(
    name: str, file: Path, results: dict[str, Any], metric: str, scorer: str, path: Path, notes: tuple[str, ...]
) -> ImportedTask:
    config = mapping(mapping(results.get("configs")).get(name))
    stated = mapping(mapping(results.get("results")).get(name))
    measure, rule = _chosen_metric(name, stated, metric, path)
    if mapping(mapping(results.get("higher_is_better")).get(name)).get(measure) is False and not scorer:
        raise refused(
            f"{name}: a lower {measure} is better, so it is not a share of right answers: choose another --metric", path
        )
    expected = whole_number(mapping(mapping(results.get("n-samples")).get(name)).get("effective"))
    return ImportedTask(
        name=name,
        items=_Items(file, measure, rule, expected, Targets(scorer)),
        scorer=scorer or _identifier(f"{measure},{rule}"),
        prompt=HARNESS,
        public=known_task((name,)) is not None,
        shots=min(whole_number(mapping(results.get("n-shot")).get(name)), 10_000),
        differences=(*_notes(config, stated, measure, rule, scorer), *notes),
        reported=None if scorer else number(stated.get(f"{measure},{rule}")),
    )


def _identifier(metric: str) -> str:
    from steelyard.scorers.imported import Imported

    return Imported.named(HARNESS, metric).identifier


def _chosen_metric(task: str, stated: dict[str, Any], metric: str, path: Path) -> tuple[str, str]:
    """(metric, filter): the named one, under its first filter where none is named; else the first that is stated."""
    pairs = _metrics(stated)
    for pair in pairs:
        if not metric or metric in (pair[0], ",".join(pair)):
            return pair
    known = ", ".join(",".join(pair) for pair in pairs)
    raise refused(f"{task}: the log has no metric {metric!r}; it has: {known or 'none'}", path)


def _metrics(stated: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = [key.partition(",") for key in stated if "," in key]
    return [(name, rule) for name, _, rule in pairs if not name.endswith("_stderr")]


def _notes(config: dict[str, Any], stated: dict[str, Any], measure: str, rule: str, scorer: str) -> Iterator[str]:
    others = [",".join(pair) for pair in _metrics(stated) if pair != (measure, rule)]
    if others and not scorer:
        yield f"The log has several metrics: {measure},{rule} is taken, not {', '.join(others)}."
    settings = mapping(config.get("generation_kwargs"))
    if settings.get("do_sample") is True and number(settings.get("temperature")) is None:
        yield TEMPERATURE_NOT_STATED
    yield from notes_on_decoding(settings)
    repeats = whole_number(config.get("repeats"))
    if repeats > 1:
        yield f"The harness made each score from {repeats} outputs; only the first is kept here."


# ── the samples ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Items:
    """Rereads the samples' file at each iteration; lines of other filters are skipped."""

    file: Path
    metric: str
    rule: str
    expected: int
    targets: Targets

    def __iter__(self) -> Iterator[ImportedItem]:
        seen, total = Naturals(), 0
        kind: type[Request] = GenerateRequest
        for line, document in json_lines(self.file):
            if document.get("filter") != self.rule or self.metric not in document:
                continue
            name = text(document.get("doc_id"))
            if not name:
                raise InputError("the line has no doc_id", where=self.file, line=line)
            total += 1
            if name.isdecimal() and len(name) <= MAX_NUMBER:
                seen.add(int(name))
            item = self._item(name, document, line)
            kind = type(item.sample.request)
            yield item
        if self.expected > 2 * total:  # results are written at the end alone, so a log never lacks much
            raise refused(f"{total:,} of the {self.expected:,} documents are here: is the file whole?", self.file)
        for document_id in range(self.expected):
            if total < self.expected and document_id not in seen:
                total += 1
                yield _missing_item(str(document_id), kind)

    def _item(self, name: str, document: dict[str, Any], line: int) -> ImportedItem:
        arguments = [mapping(each) for each in mapping(document.get("arguments")).values()]
        if not arguments:
            raise InputError("the line has no arguments: it was written by another version", where=self.file, line=line)
        target = self.targets.one(document.get("target"), name)
        score = None if self.targets.scorer else score_of(document.get(self.metric), self.file, name)
        if isinstance(arguments[0].get("arg_1"), str):
            return _loglikelihood_item(name, arguments, document, target, score)
        return _generated_item(name, arguments[0], document, target, score)


def _missing_item(name: str, kind: type[Request]) -> ImportedItem:
    """An item for a document that was never logged, of which only the number is known."""
    nothing: Request = GenerateRequest(prompt="")
    if kind is LoglikelihoodRequest:
        nothing = LoglikelihoodRequest(context="", continuations=())
    sample = Sample(id=name, request=nothing, target="")
    return ImportedItem(sample, ModelOutput(outcome=Outcome.DROPPED, detail="not in the log"))


def _generated_item(
    name: str, argument: dict[str, Any], document: dict[str, Any], target: str, score: Score | None
) -> ImportedItem:
    """A task that generates: the first raw answer is kept, a filter's result becomes the score's note."""
    filtered = next(iter(texts(entries(document.get("filtered_resps")))), "")
    reply = _first(document.get("resps"))
    output = ModelOutput(outcome=Outcome.OK, text=reply)
    if not isinstance(_innermost(document.get("resps")), str):
        output = ModelOutput(outcome=Outcome.EMPTY, detail="the log holds no output")
    if score is not None:
        note = "" if filtered == reply else f"filtered: {filtered[:150]}"
        score = Score(value=score.value, parsed=filtered != INVALID, note=note)
    sample = Sample(id=name, request=_generate(argument), target=target)
    return ImportedItem(sample, output, score=score)


def _generate(argument: dict[str, Any]) -> GenerateRequest:
    settings = mapping(argument.get("arg_1"))
    messages = _messages(argument.get("arg_0"))
    system, prompt = request_texts(messages) if messages else ("", text(argument.get("arg_0")))
    sampled = settings.get("do_sample") is not False
    return GenerateRequest(
        system=system,
        prompt=prompt,
        chat=bool(messages),
        max_tokens=whole_number(settings.get("max_gen_toks")),
        stop=tuple(each for each in texts(settings.get("until") or []) if each),
        temperature=(number(settings.get("temperature")) or 0.0) if sampled else 0.0,
    )


def _messages(prompt: Any) -> list[dict[str, Any]]:
    """The messages of a chat, which lm-eval writes as JSON within the JSON."""
    if not isinstance(prompt, list) or len(prompt) != 1 or not isinstance(prompt[0], str):
        return []
    try:
        return [mapping(each) for each in entries(parse(prompt[0], "arguments"))]
    except InputError:
        return []


def _loglikelihood_item(
    name: str, arguments: list[dict[str, Any]], document: dict[str, Any], target: str, score: Score | None
) -> ImportedItem:
    """A log-likelihood task. Where contexts differ, the differing part moves into the continuation."""
    contexts = [text(each.get("arg_0")) for each in arguments]
    choices = [text(each.get("arg_1")) for each in arguments]
    common = _common_start(contexts)
    continuations = tuple(before[len(common) :] + after for before, after in zip(contexts, choices, strict=True))
    sums = tuple(_log_likelihood(each) for each in entries(document.get("resps")))
    output = ModelOutput(outcome=Outcome.OK, logprobs=sums)
    if len(sums) != len(choices):
        output = ModelOutput(
            outcome=Outcome.MALFORMED, detail=f"{len(sums)} log-likelihoods for {len(choices)} choices"
        )
    sample = Sample(
        id=name,
        request=LoglikelihoodRequest(context=common, continuations=continuations),
        target=target,
        choices=tuple(choices),
    )
    return ImportedItem(sample, output, score=score)


def _common_start(contexts: list[str]) -> str:
    first, last = min(contexts), max(contexts)  # in sorted order, all others are between these two
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((place for place, (one, other) in pairs if one != other), len(first))]


def _log_likelihood(response: Any) -> float:
    """The log-likelihood of a continuation; NaN where it is missing, which makes the output malformed."""
    value = _innermost(response)
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _first(responses: Any) -> str:
    found = _innermost(responses)
    return found if isinstance(found, str) else ""


def _innermost(value: Any) -> Any:
    """The first of the first …: responses are lists by request and by repeat."""
    for _ in range(4):
        if not isinstance(value, list) or not value:
            return value
        value = value[0]
    return value
