"""Inspect's logs: ``.eval`` (a zip of one JSON file per sample) and ``.json``, read sample by sample.

Kept: input, choices, target, answer, the chosen scorer's value, tokens, time of the call, epochs, errors by kind,
and every sample that the log should hold and does not. Dropped: events, tool calls, stores, attachments of media.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from steelyard.adapters.benchmark_names import known_task
from steelyard.adapters.chat_messages import content_text, input_messages, request_texts
from steelyard.adapters.imported_run import ImportedItem, ImportedLog, ImportedTask
from steelyard.adapters.log_fields import (
    Targets,
    microseconds,
    microseconds_since_epoch,
    notes_on_decoding,
    outcome_of_error,
    score_of,
)
from steelyard.adapters.untrusted_json import (
    entries,
    file_sha256,
    mapping,
    number,
    parse,
    read_json,
    refused,
    text,
    texts,
    whole_number,
)
from steelyard.adapters.zip_members import Members, open_members
from steelyard.claims.decoding import TEMPERATURE_NOT_STATED
from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample, Score
from steelyard.util.text import one_line

__all__ = ["is_inspect_json", "read_inspect_log"]

HARNESS: Final = "inspect_ai"
HEADER: Final = "header.json"
START: Final = "_journal/start.json"  # the only header of an unfinished log
UNPARSED: Final = {"invalid_response_format", "no_response"}  # a score's reason where no answer was extracted
STOPS: Final = {"max_tokens": Outcome.TRUNCATED, "model_length": Outcome.TRUNCATED, "content_filter": Outcome.REFUSED}


def is_inspect_json(document: Any) -> bool:
    """Whether a JSON document is a log of Inspect's."""
    evaluation = mapping(mapping(document).get("eval"))
    return "task" in evaluation and "model" in evaluation


def read_inspect_log(path: Path, metric: str = "", scorer: str = "") -> ImportedLog:
    """Read a log; ``metric`` names one of its scorers (NAME, or NAME.KEY for a mapping of values; default: the first).

    ``scorer`` is one of our identifiers, to score the outputs again. Raises InputError for anything that is not a log,
    a scorer that is not in it, and where no sample was logged.
    """
    log = _Log(path)
    header = log.header()
    evaluation = mapping(header.get("eval"))
    if "task" not in evaluation:
        raise InputError("not an Inspect log: its header names no task", where=path)
    name, notes = _chosen_scorer(header, metric, path)
    config = {**mapping(mapping(header.get("plan")).get("config")), **mapping(evaluation.get("model_generate_config"))}
    settings = mapping(evaluation.get("config"))
    epochs = max(1, whole_number(settings.get("epochs")))
    items = _Items(log, _reader(config, epochs, name, scorer), _expected(evaluation), epochs)
    harness = f"{HARNESS} {text(mapping(evaluation.get('packages')).get(HARNESS)) or 'of an unstated version'}"
    differences = [*_notes(header, config), *(() if scorer else notes)]
    task = ImportedTask(
        name=text(evaluation.get("task")) or "task",
        items=items,
        scorer=scorer or _identifier(name),
        prompt=HARNESS,
        public=known_task((text(evaluation.get("task")).rpartition("/")[2],)) is not None,
        differences=tuple(differences),
        reported=None if scorer else _reported(header, name, settings),
    )
    model = text(evaluation.get("model")) or "unknown"
    identity = ModelIdentity(uri=f"imported:{model}", name=model, backend=harness)
    return ImportedLog((task,), Origin(kind="imported", harness=harness, file=path.name, sha256=log.sha256), identity)


def _identifier(name: str) -> str:
    from steelyard.scorers.imported import Imported

    return Imported.named(HARNESS, name or "no scorer").identifier


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Log:
    """A log of either format: its header, and its samples one after another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = file_sha256(path)
        self._document: dict[str, Any] | None = None
        if not _is_zip(path):
            self._document = mapping(read_json(path))

    def header(self) -> dict[str, Any]:
        if self._document is not None:
            return {key: value for key, value in self._document.items() if key != "samples"}
        with open_members(self.path) as members:
            name = HEADER if HEADER in members else START
            if name not in members:
                raise InputError("not an Inspect log: it has no header.json", where=self.path)
            return mapping(parse(members.read(name), f"{self.path}:{name}"))

    def samples(self) -> Iterator[dict[str, Any]]:
        if self._document is not None:
            yield from map(mapping, entries(self._document.get("samples")))
            return
        with open_members(self.path) as members:
            yield from _samples_in(members, self.path)


def _samples_in(members: Members, path: Path) -> Iterator[dict[str, Any]]:
    for name in members.names():
        if name.startswith("samples/") and name.endswith(".json"):
            yield mapping(parse(members.read(name), f"{path}:{one_line(name, 80)}"))


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None


# ── the header ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _chosen_scorer(header: dict[str, Any], metric: str, path: Path) -> tuple[str, list[str]]:
    """The scorer whose values are taken, and a sentence where there are several."""
    scored = [text(mapping(each).get("name")) for each in entries(mapping(header.get("results")).get("scores"))]
    declared = [text(mapping(each).get("name")) for each in entries(mapping(header.get("eval")).get("scorers"))]
    names = list(dict.fromkeys(name for name in (*scored, *declared) if name))
    if metric and metric.partition(".")[0] not in names and metric not in names:
        raise refused(f"the log has no scorer {metric!r}; it has: {', '.join(names) or 'none'}", path)
    chosen = metric or (names[0] if names else "")
    others = [name for name in names if name not in (chosen, chosen.partition(".")[0])]
    if not others:
        return chosen, []
    return chosen, [f"The log has scores by several scorers: those by {chosen} are taken, not by {', '.join(others)}."]


def _notes(header: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    if number(config.get("temperature")) is None:
        yield TEMPERATURE_NOT_STATED
    yield from notes_on_decoding(config)
    status = text(header.get("status"))
    if status != "success":
        yield f"The harness did not finish: its log has {f'the status {status}' if status else 'no status'}."


def _reported(header: dict[str, Any], name: str, settings: dict[str, Any]) -> float | None:
    """The mean that the log states, where it is the plain mean of all scores, not another rule over epochs."""
    if entries(settings.get("epochs_reducer")) not in ([], ["mean"]):
        return None
    for score in map(mapping, entries(mapping(header.get("results")).get("scores"))):
        metrics = mapping(score.get("metrics"))
        for key in ("accuracy", "mean"):
            if text(score.get("name")) == name and key in metrics:
                return number(mapping(metrics[key]).get("value"))
    return None


def _expected(evaluation: dict[str, Any]) -> list[str]:
    """The ids of all samples of the evaluation."""
    return [name for name in texts(entries(mapping(evaluation.get("dataset")).get("sample_ids"))) if name]


# ── the samples ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Items:
    """Rereads the log at each iteration; samples that are missing from it come at the end."""

    log: _Log
    reader: _Reader
    expected: list[str]
    epochs: int

    def __iter__(self) -> Iterator[ImportedItem]:
        absent = dict.fromkeys(self.expected)
        for document in self.log.samples():
            item = self.reader.item(document, self.log.path)
            absent.pop(item.sample.id, None)
            yield item
        for name in absent:
            # Only the id is known of a sample that was never logged.
            nothing = Sample(id=name, request=GenerateRequest(prompt="", chat=True), target="")
            yield ImportedItem(nothing, ModelOutput(outcome=Outcome.DROPPED, detail="not in the log"))


@dataclass(frozen=True)
class _Reader:
    """Converts one sample of a log into an item."""

    request: GenerateRequest
    epochs: int
    scorer: str
    targets: Targets

    def item(self, document: dict[str, Any], path: Path) -> ImportedItem:
        name = text(document.get("id"))
        if not name:
            raise InputError("a sample of the log has no id", where=path)
        output = mapping(document.get("output"))
        score = None if self.targets.scorer else score_of(self._value(document, path, name), path, name)
        if score is not None and self._reason(document) in UNPARSED:
            score = Score(value=score.value, parsed=False)
        seconds = number(output.get("time"))
        return ImportedItem(
            sample=self._sample(document, name),
            answer=self._answer(document, output, has_score=score is not None),
            repeat=max(0, whole_number(document.get("epoch")) - 1),
            score=score,
            started_us=microseconds_since_epoch(text(document.get("started_at"))),
            elapsed_us=microseconds(number(document.get("total_time")) if seconds is None else seconds),
        )

    def _sample(self, document: dict[str, Any], name: str) -> Sample:
        attachments = mapping(document.get("attachments"))
        given = document.get("input")
        as_given = [*map(mapping, given)] if isinstance(given, list) else [{"role": "user", "content": given}]
        messages = input_messages(entries(document.get("messages")))
        # Several epochs repeat one sample, and only the data set's own input is sure to be the same in all.
        system, prompt = request_texts(as_given if self.epochs > 1 or not messages else messages, attachments)
        return Sample(
            id=name,
            request=_with_texts(self.request, system, prompt),
            target=self.targets.one(document.get("target"), name),
            choices=tuple(texts(entries(document.get("choices")))),
        )

    def _answer(self, document: dict[str, Any], output: dict[str, Any], *, has_score: bool) -> ModelOutput:
        usage = mapping(output.get("usage"))
        choice = mapping(next(iter(entries(output.get("choices"))), None))
        stop = text(choice.get("stop_reason"))
        outcome, detail = STOPS.get(stop, Outcome.OK), ""
        error = text(mapping(document.get("error")).get("message")) or text(output.get("error"))
        if error:
            detail = error
            outcome = outcome if has_score else outcome_of_error(error)
        elif not choice and not has_score:
            outcome, detail = Outcome.EMPTY, "the log holds no output"
        return ModelOutput(
            outcome=outcome,
            text=text(output.get("completion")) or content_text(mapping(choice.get("message")).get("content")),
            finish_reason=stop,
            prompt_tokens=whole_number(usage.get("input_tokens")),
            completion_tokens=whole_number(usage.get("output_tokens")),
            model=text(output.get("model")),
            detail=detail,
        )

    def _value(self, document: dict[str, Any], path: Path, name: str) -> Any:
        """The chosen scorer's value; a part of it where that is a mapping and the part was named."""
        scores = mapping(document.get("scores"))
        if self.scorer in scores:
            value = mapping(scores[self.scorer]).get("value")
            if isinstance(value, dict):
                keys = ", ".join(str(key)[:30] for key in list(value)[:8])
                raise refused(
                    f"the scores by {self.scorer} are mappings ({keys}): name one by --metric {self.scorer}.KEY", path
                )
            return value
        scorer, _, key = self.scorer.partition(".")
        return mapping(mapping(scores.get(scorer)).get("value")).get(key)

    def _reason(self, document: dict[str, Any]) -> str:
        return text(mapping(mapping(document.get("scores")).get(self.scorer)).get("reason"))


def _with_texts(request: GenerateRequest, system: str, prompt: str) -> GenerateRequest:
    import msgspec

    return msgspec.structs.replace(request, system=system, prompt=prompt)


def _reader(config: dict[str, Any], epochs: int, scorer: str, ours: str) -> _Reader:
    request = GenerateRequest(
        prompt="",
        chat=True,
        max_tokens=whole_number(config.get("max_tokens")),
        temperature=number(config.get("temperature")) or 0.0,
        stop=tuple(texts(entries(config.get("stop_seqs")))),
        seed=whole_number(config.get("seed")) or None,
    )
    return _Reader(request, epochs, scorer, Targets(ours))
