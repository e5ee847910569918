"""Scores a gateway recording: its calls are matched to a task's samples by their prompts, as an imported run.

A recording has no samples or scores. Each recorded prompt is matched to the sample whose question it contains; the
first valid answer to a sample counts, and all other calls are counted and reported.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.adapters.chat_messages import request_texts
from steelyard.adapters.imported_run import ImportedItem, ImportedLog, ImportedTask, write_imported_run
from steelyard.adapters.prompt_match import AMBIGUOUS, UNMATCHED, PromptIndex
from steelyard.errors import InputError
from steelyard.gateway.exchange_parser import endpoint_kind, prompt_of, read_exchange
from steelyard.plugins import ExecutingScorer
from steelyard.records import Exchange, GenerateRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.evidence.keys import KeySigner
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.task import Task

__all__ = ["Matched", "RecordingImport", "import_recording", "read_recording"]

HARNESS: Final = "steelyard gateway"
# The API's own, where a request names none.
DEFAULT_TEMPERATURE: Final = 1.0
DEFAULT_MAX_TOKENS: Final = 1 << 20


@dataclass
class Matched:
    """How the calls of a recording were matched. ``calls`` are those that generate text, by the one model."""

    calls: int = 0
    unmatched: int = 0
    ambiguous: int = 0
    unreadable: int = 0  # several prompts in one call, a prompt as tokens, a body that was not kept
    retries: int = 0  # calls for a sample that came after a failure and before its first answer
    asked_again: int = 0  # calls for a sample that already had a valid answer: never used
    asked: int = 0  # samples with at least one call
    samples: int = 0  # that the task has

    def sentences(self) -> Iterator[str]:
        """Sentences for the report."""
        if self.asked < self.samples:
            yield f"Of the task's {self.samples:,} samples, {self.asked:,} occur in the recording."
        for number, text in (
            (self.unmatched, "match no sample of the task"),
            (self.ambiguous, "match several samples, and count for none"),
            (self.unreadable, "hold several prompts, none, or a body that was not kept, and count for none"),
            (self.retries, "were retries after a failure"),
            (self.asked_again, "repeated a sample after a valid answer; the first answer counts"),
        ):
            if number:
                yield f"{number:,} of {self.calls:,} recorded calls {text}."


@dataclass(frozen=True)
class RecordingImport:
    """A recording as a scored run: its verdict (an estimate), and how its calls were matched."""

    verdict: Verdict
    matched: Matched


def import_recording(
    recording: RunFolder,
    task: Task,
    run: Path,
    signer: KeySigner | None = None,
    *,
    prompt: str = "",
    data: Path | None = None,
    model: str = "",
    with_texts: bool = False,
) -> RecordingImport:
    """Score a sealed recording as ``task`` and write it as an imported run at ``run``.

    ``prompt`` names the task's prompt format (default: its own), whose scorer is used; ``model`` is needed where the
    recording holds calls for several. Raises InputError where nothing matches,
    VerificationError where the seal is broken.
    """
    log, matched = read_recording(recording, task, prompt=prompt, data=data, model=model)
    verdict = write_imported_run(run, log.tasks, log.origin, log.model, signer, with_texts=with_texts)
    return RecordingImport(verdict, matched)


def read_recording(
    recording: RunFolder, task: Task, *, prompt: str = "", data: Path | None = None, model: str = ""
) -> tuple[ImportedLog, Matched]:
    """Match a sealed recording's calls to the task's samples; raises InputError as :func:`import_recording`."""
    from steelyard.evidence.verify import verify_integrity
    from steelyard.scorers import open_scorer
    from steelyard.storage.journal.texts import open_index

    plan, folder = recording.plan, recording.path
    if plan.origin.kind != "gateway":
        raise InputError("is not a recording of steelyard gateway", where=folder)
    bundle = verify_integrity(folder).bundle
    scorer = open_scorer(task.scorer_for(prompt or task.default_prompt))
    if isinstance(scorer, ExecutingScorer):
        raise InputError(f"{task.id} is scored by running code, which is not done for recordings")
    matcher = _Matcher(folder, task, prompt or task.default_prompt, data, open_index(folder))
    name = matcher.take_all(model)
    if not matcher.found:
        raise InputError(
            f"none of the {matcher.matched.calls:,} recorded calls matches a sample of {task.id}: is the task right?",
            where=folder,
        )
    imported = ImportedTask(
        name=task.id,
        items=matcher,
        scorer=scorer.identifier,
        prompt="as the harness asked",
        differences=(
            "The harness rendered the prompts; they were matched by the question.",
            *matcher.matched.sentences(),
        ),
        public=task.public,
    )
    origin = Origin(kind="imported", harness=HARNESS, file=folder.resolve().name, sha256=bundle.sha256)
    identity = ModelIdentity(uri=plan.subject.identity.uri, name=name, backend=plan.subject.identity.backend)
    return ImportedLog((imported,), origin, identity), matcher.matched


class _Matcher:
    """Matches a recording once, then yields an item for each matched sample, any number of times."""

    def __init__(self, recording: Path, task: Task, prompt: str, data: Path | None, texts: Mapping[str, str]) -> None:
        if not task.prompt_format(prompt).generates:
            written = [name for name, each in task.prompts.items() if each.generates]
            raise InputError(
                f"{task.id}: the prompt format {prompt!r} generates no text; choose one of: {', '.join(written)}"
            )
        self._recording = recording
        self._texts = texts
        self._samples = task.prepare(prompt, data)
        self._index = PromptIndex(_keys(self._samples, _questions(task, data)))
        self.matched = Matched(samples=len(self._samples))
        self.found: dict[int, Exchange] = {}  # by sample: the first answered call, else the last that failed

    def take_all(self, model: str) -> str:
        """Match every call for ``model``; its name as the requests give it."""
        from steelyard.storage.journal.reader import read_lines

        exchanges = (record for record, _ in read_lines(self._recording) if isinstance(record, Exchange))
        asked: Counter[str] = Counter()
        for exchange in exchanges:
            if endpoint_kind(exchange.path) not in ("chat", "completion"):
                continue
            body = self._body(exchange)
            given = body.get("model") if isinstance(body, Mapping) else None
            name = given if isinstance(given, str) else ""
            asked[name] += 1
            if not model or name == model:
                self._take(exchange, body)
        named = [name for name in asked if name]
        if len(named) > 1 and not model:
            message = f"the recording has calls for several models: {_listed(asked)}: choose one by --model {named[0]}"
            raise InputError(message, where=self._recording)
        if model and model not in asked:
            raise InputError(f"no call is for the model {model!r}; there are: {_listed(asked)}", where=self._recording)
        self.matched.asked = len(self.found)
        return model or (named or [""])[0]

    def __iter__(self) -> Iterator[ImportedItem]:
        for number in sorted(self.found):
            exchange = self.found[number]
            sample = self._samples[number]
            request = _request(endpoint_kind(exchange.path), self._body(exchange))
            yield ImportedItem(
                sample=msgspec.structs.replace(sample, request=request),
                answer=self._output(exchange),
                started_us=exchange.started_us,
                elapsed_us=exchange.elapsed_us,
            )

    def _take(self, exchange: Exchange, body: Any) -> None:
        self.matched.calls += 1
        prompt = prompt_of(endpoint_kind(exchange.path), body)
        if prompt is None:
            self.matched.unreadable += 1
            return
        number = self._index.find(prompt)
        if number == UNMATCHED:
            self.matched.unmatched += 1
        elif number == AMBIGUOUS:
            self.matched.ambiguous += 1
        else:
            self._keep(number, exchange)

    def _keep(self, number: int, exchange: Exchange) -> None:
        before = self.found.get(number)
        if before is not None and before.outcome.answered:
            self.matched.asked_again += 1
            return
        self.matched.retries += before is not None
        self.found[number] = exchange

    def _body(self, exchange: Exchange) -> Any:
        try:
            return msgspec.json.decode(self._texts[exchange.request])
        except KeyError:
            if not exchange.request:
                return None
            raise InputError(
                "the texts of this recording are withheld, so its prompts cannot be matched: import it where they are",
                where=self._recording,
            ) from None
        except (msgspec.DecodeError, RecursionError):
            return None

    def _output(self, exchange: Exchange) -> ModelOutput:
        reply = self._texts.get(exchange.reply, "") if exchange.reply else ""
        output = read_exchange(exchange, reply)
        if exchange.outcome.answered and not output.outcome.answered:
            return ModelOutput(outcome=Outcome.MALFORMED, detail="the reply's text was not kept")
        return output


def _questions(task: Task, data: Path | None) -> Sequence[Sample]:
    """The samples rendered as their bare question, where the task's rows have one."""
    from steelyard.tasks.definition import PromptFormat

    bare = copy.copy(task)
    prompts = {**task.prompts, "question alone": PromptFormat(title="the question alone", prompt="{{ question }}")}
    bare.definition = msgspec.structs.replace(task.definition, prompts=prompts)
    try:
        return bare.prepare("question alone", data, shots=0)
    except InputError:
        return ()


def _keys(samples: Sequence[Sample], questions: Sequence[Sample]) -> Iterator[tuple[str, int]]:
    for number, sample in enumerate(samples):
        if isinstance(sample.request, GenerateRequest):
            yield sample.request.prefix + sample.request.prompt, number
            yield sample.request.prompt, number
    for number, sample in enumerate(questions):
        if isinstance(sample.request, GenerateRequest):
            yield sample.request.prompt, number


def _request(kind: str, body: Any) -> GenerateRequest:
    """The harness's request as ours; each of several messages is headed by its role."""
    system = ""
    prompt = prompt_of("completion", body) or ""
    if kind == "chat":
        messages = [each for each in body["messages"] if isinstance(each, Mapping)]
        system, prompt = request_texts(messages)
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    seed = body.get("seed")
    return GenerateRequest(
        prompt=prompt,
        chat=kind == "chat",
        system=system,
        max_tokens=_whole(body.get("max_tokens", body.get("max_completion_tokens")), DEFAULT_MAX_TOKENS),
        stop=tuple(each for each in stops if isinstance(each, str)),
        temperature=_temperature(body.get("temperature")),
        seed=_whole(seed, 0) if type(seed) is int else None,
    )


def _whole(value: Any, otherwise: int) -> int:
    return value if type(value) is int and 0 <= value < 1 << 53 else otherwise


def _temperature(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 <= value <= 100 else DEFAULT_TEMPERATURE


def _listed(asked: Counter[str]) -> str:
    from steelyard.util.text import one_line

    return ", ".join(f"{one_line(name, 60) or '(none)'} ({number:,} calls)" for name, number in asked.most_common(8))
