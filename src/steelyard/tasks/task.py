"""A task: a definition with its rows, rendered into samples one at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

import msgspec

from steelyard.errors import InputError, MissingDependency
from steelyard.records import (
    Claim,
    GenerateRequest,
    Image,
    LoglikelihoodRequest,
    NextTokenRequest,
    Request,
    Sample,
    Turn,
)
from steelyard.scorers import open_scorer
from steelyard.tasks.definition import PromptFormat, TaskDefinition
from steelyard.tasks.drawing.picture import Picture, drawer
from steelyard.tasks.file_of_suite import check_no_suite
from steelyard.tasks.file_rows import FileRows
from steelyard.tasks.hub_files import ChosenRows, hub_files
from steelyard.tasks.images import RowImages, check_unmarked
from steelyard.tasks.items import digest_of_item
from steelyard.tasks.loaders import HubRows, Row, beside, generated_rows, hub_rows, mirrored, read_rows
from steelyard.tasks.protocol import ChosenProtocol, choose_protocol, possible_formats, usual_shots
from steelyard.tasks.question_rows import TidyRows
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.shots import Prefixes, TooFewExamples, WorkedExamples, shots_in
from steelyard.tasks.template import Expression, Template

__all__ = ["Samples", "Task"]


class Rows(msgspec.Struct, frozen=True):
    """Rows of one subtask; ``label`` is part of the sample ids, ``group`` names the subtask if there are several.

    Those of the user's ``own`` file have the numbers that the file shows them with, others count from 0. ``held``
    counts the rows of a file of which these are a window, and ``revision`` is that of the hub's files. ``folder`` is
    where their file lies: images beside it may be named in them.
    """

    label: str
    group: str
    rows: Sequence[Row]
    own: bool = False
    held: int = 0
    revision: str = ""
    folder: Path | None = None

    def number_of(self, place: int) -> int:
        """The number of a row in its sample's id."""
        is_numbered = isinstance(self.rows, ChosenRows) or (self.own and isinstance(self.rows, FileRows | TidyRows))
        return self.rows.number_of(place) if is_numbered else place  # type: ignore[attr-defined]


class Task:
    """One benchmark, ready to be prepared.

    ``where`` (its file) is named in every error; ``rows`` are given for a task from a plain file, ``assumed`` says how
    that was read, and ``advice`` what would ask it better. ``suite`` is the digest of the private suite that it is.
    """

    def __init__(
        self,
        definition: TaskDefinition,
        where: Path,
        rows: Sequence[Row] | None = None,
        assumed: str = "",
        advice: str = "",
        suite: str = "",
    ) -> None:
        self.definition = definition
        self.where = where
        self.assumed, self.advice, self.suite = assumed, advice, suite
        self._given = rows

    def __repr__(self) -> str:
        return f"Task({self.id!r})"

    @property
    def id(self) -> str:
        """The benchmark's id, such as ``gsm8k``."""
        return self.definition.id

    @property
    def title(self) -> str:
        """The benchmark's usual name."""
        return self.definition.title

    @property
    def prompts(self) -> dict[str, PromptFormat]:
        """The prompt formats by name."""
        return self.definition.prompts

    @property
    def default_prompt(self) -> str:
        """The prompt format if a claim names none."""
        return self.definition.default_prompt

    @property
    def chance(self) -> float:
        """The chance score, as a fraction."""
        return self.definition.chance

    @property
    def public(self) -> bool:
        """Whether the samples are public, so that publishing their texts would contaminate the benchmark."""
        return self.definition.public

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return self.definition.metric

    @property
    def scorer(self) -> dict[str, Any]:
        """The scorer's specification in the default prompt format."""
        return self.scorer_for(self.default_prompt)

    def scorer_for(self, prompt_format: str) -> dict[str, Any]:
        """The scorer's specification in one prompt format; raises InputError for an unknown prompt format."""
        return self.prompt_format(prompt_format).scorer or self.definition.scorer

    def scorer_identifier(self, prompt_format: str) -> str:
        """The identifier of the scorer in one prompt format; raises InputError as :meth:`scorer_for`."""
        return open_scorer(self.scorer_for(prompt_format)).identifier

    def prompt_format(self, name: str) -> PromptFormat:
        """One prompt format by its name; raises InputError for an unknown name."""
        if name not in self.prompts:
            raise InputError(f"{self.id} has no prompt format {name!r}; it has: {', '.join(self.prompts)}")
        return self.prompts[name]

    def protocol_for(self, claim: Claim, chosen: str = "", usual: int | None = None) -> ChosenProtocol:
        """The prompt format and number of shots that a claim means, and the differences that remain.

        ``chosen`` is one of :meth:`formats_for`, and ``usual`` a number of :meth:`usual_shots`, to be asked although
        the vendor does not state it.
        """
        return choose_protocol(self.definition, RequestedProtocol.of_claim(claim), chosen, usual)

    def formats_for(self, claim: Claim) -> tuple[str, ...]:
        """The prompt formats that a claim may mean, in the task's order: several where the vendor states none."""
        return possible_formats(self.definition, RequestedProtocol.of_claim(claim))

    def usual_shots(self, claim: Claim, formats: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """Of these formats, those with other numbers of worked examples that a claim may mean which states none."""
        return usual_shots(self.definition, RequestedProtocol.of_claim(claim), formats)

    def protocol_of(self, prompt: str = "", shots: int | None = None) -> ChosenProtocol:
        """The prompt format that a user names (default: the task's own), and the number of shots."""
        return choose_protocol(self.definition, RequestedProtocol(prompt=prompt, shots=shots))

    def prepare(
        self,
        prompt_format: str,
        data: Path | None = None,
        seed: str | None = None,
        shots: int | None = None,
        count: int | None = None,
        window: str = "",
    ) -> Samples:
        """Load the rows, so that every sample can be rendered.

        ``data`` is a mirror of the hub. ``seed`` other than the public one gives exchangeable twins (generated tasks
        only), ``count`` of them in place of as many as the benchmark has. ``shots`` other than the prompt format's own
        number is possible if worked examples are declared. ``window`` is that of a :class:`ChosenProtocol`. Raises
        DataMissing if the rows are not available, InputError if seed or shots do not apply to the task.
        """
        chosen = self.prompt_format(prompt_format)
        sources = self._sources(data, seed, count, window)
        count = shots_in(self.definition, chosen) if shots is None else shots
        samples = Samples(self, prompt_format, sources, self.prefixes(prompt_format, data, count))
        # Rendered here once, so that missing worked examples and errors of the file show now and not during a run.
        next(iter(samples), None)
        return samples

    def prefixes(self, prompt_format: str, data: Path | None, shots: int) -> Prefixes:
        """The part of the prompt that all samples of a group share, by group, with so many worked examples."""
        return Prefixes(self.prompt_format(prompt_format), WorkedExamples(self.definition, self.where, data), shots)

    def _sources(self, data: Path | None, seed: str | None, count: int | None, window: str) -> list[Rows]:
        definition = self.definition
        if definition.generator is not None:
            seed = definition.generator.seed if seed is None else seed
            label = "public" if seed == definition.generator.seed else f"twin-{sha256(seed.encode()).hexdigest()[:12]}"
            count = definition.generator.count if count is None else count
            return [Rows(label, "", generated_rows(definition.generator, seed, count, self.where))]
        if seed is not None:
            raise InputError(f"{self.id} is a fixed set of samples: another seed gives no twins of it")
        if self._given is not None:
            return [Rows("row", "", self._given, own=True, folder=self.where.parent)]
        if definition.file:
            file = beside(self.where, definition.file, "file")
            check_no_suite(file)
            return [Rows("row", "", read_rows(file), own=True, folder=file.parent)]
        hub = definition.hub
        assert hub is not None, "a definition has a hub, a generator or a file"
        if hub.files:
            files = hub_files(definition, self.where, data, window)
            return [Rows(each.label, each.group, each.rows, held=each.held, revision=each.revision) for each in files]
        if data is not None:
            for config in hub.configs:
                check_no_suite(mirrored(hub.path, config, hub.split, data))
        several = len(hub.configs) > 1
        return [
            Rows(
                config if several else hub.split,
                config if several else "",
                hub_rows(hub.path, config, hub.split, data),
                folder=None if data is None else mirrored(hub.path, config, hub.split, data).parent,
            )
            for config in hub.configs
            if not definition.subsets or window in ("", config)
        ]


class Samples(Sequence[Sample]):
    """All samples of a prepared task in their published order; each is rendered on access."""

    def __init__(self, task: Task, prompt_name: str, sources: Sequence[Rows], prefixes: Prefixes) -> None:
        self.task, self.prompt_name = task, prompt_name
        self._format = task.prompt_format(prompt_name)
        self._prefixes = prefixes
        self._sources = sources
        self._ends = list(accumulate(len(source.rows) for source in sources))
        fields = task.definition.fields
        self._target = self._expression(fields.target, "fields.target")
        self._choices = self._expression(fields.choices, "fields.choices") if fields.choices else None
        self._group = self._expression(group, "group") if (group := self._format.group or fields.group) else None
        self._question = self._expression(fields.question, "fields.question") if fields.question else None
        self._history = self._expression(fields.history, "fields.history") if fields.history else None
        self._context = self._expression(fields.context, "fields.context") if fields.context else None
        place = f"{task.where}: prompts.{prompt_name}"
        self._asked = Template(self._format.prompt or self._format.context, f"{place}.prompt")
        self._system = Template(own, f"{place}.system_template") if (own := self._format.system_template) else None
        self._continuations = None
        if self._format.continuations:
            self._continuations = self._expression(self._format.continuations, f"prompts.{prompt_name}.continuations")

    def _expression(self, source: str, key: str) -> Expression:
        return Expression(source, f"{self.task.where}: {key}")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Sample]:
        return (self._render(source, number) for source in self._sources for number in range(len(source.rows)))

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(len(self)))]
        return self._at(range(len(self))[index])

    @property
    def revisions(self) -> tuple[str, ...]:
        """The hub's revisions of the rows (commit ids), without repeats; empty for rows of a mirror or a file."""
        found = (each.rows.revision if isinstance(each.rows, HubRows) else each.revision for each in self._sources)
        return tuple(dict.fromkeys(revision for revision in found if revision))

    @property
    def drawer(self) -> str:
        """What draws the images that the task's generator gives (:func:`~steelyard.tasks.drawing.picture.drawer`)."""
        row = next((source.rows[0] for source in self._sources if len(source.rows)), {})
        return drawer() if any(isinstance(value, Picture) for value in row.values()) else ""

    @property
    def held(self) -> int:
        """The rows of the files of which these are a window; 0 for a task whose rows are no files of the hub."""
        return sum(source.held for source in self._sources)

    @property
    def has_items(self) -> bool:
        """Whether the task says what an item asks (``fields.question``), so that items have digests of their own."""
        return self._question is not None

    def item_digests(self) -> list[bytes]:
        """The digest of each item's content, in published order (:mod:`steelyard.tasks.items`).

        Raises InputError for a task that does not say what an item asks (``fields.question``), and for a row that does
        not have it.
        """
        if self._question is None:
            raise InputError("has no fields.question, so that its items have no digest: add it", where=self.task.where)
        digests = []
        for source in self._sources:
            for row in source.rows:
                values, images = self._values(source, row)
                choices, target = self._answers(values)
                question = str(self._question.evaluate(values))
                digests.append(digest_of_item(question, choices, target, images.digests if images else ()))
        return digests

    def _at(self, place: int) -> Sample:
        source = bisect_right(self._ends, place)
        return self._render(self._sources[source], place - (self._ends[source - 1] if source else 0))

    def _render(self, source: Rows, number: int) -> Sample:
        sample_id = f"{self.task.id}/{source.label}/{source.number_of(number)}"
        try:
            return self._rendered(sample_id, source, source.rows[number])
        except (MissingDependency, TooFewExamples):
            raise
        except InputError as error:
            raise InputError(f"{error} (sample {sample_id})") from None

    def _rendered(self, sample_id: str, source: Rows, row: Row) -> Sample:
        values, images = self._values(source, row)
        choices, target = self._answers(values)
        if choices and not (target.isdecimal() and int(target) < len(choices)):
            raise InputError(f"target {target[:40]!r} is no index of the {len(choices)} choices")
        tests = _tests(row, self.task.definition.fields.tests)
        group = source.group or (str(self._group.evaluate(values)) if self._group is not None else "")
        context = "" if self._context is None else str(self._context.evaluate(values))
        if images is not None:
            check_unmarked([target, choices, group, context])  # an image is no text, wherever it is printed
        return Sample(
            id=sample_id,
            request=self._request(values, group, images),
            target=target,
            choices=choices,
            group=group,
            context=context,
            tests_sha256=sha256(tests).hexdigest() if tests else "",
            tests=tests,
        )

    def _values(self, source: Rows, row: Row) -> tuple[dict[str, Any], RowImages | None]:
        """What expressions and templates see of a row, and its images, where the task has columns of them."""
        columns = self.task.definition.fields.images
        if not columns:
            return _named(row), None
        images = RowImages(row, columns, source.folder)
        return _named(row | images.values), images

    def _answers(self, values: dict[str, Any]) -> tuple[tuple[str, ...], str]:
        """Choices and target of a row; the choices are put into ``values`` for the other expressions.

        Where the task's file says ``none`` for a row, it is an open question.
        """
        choices: tuple[str, ...] = ()
        if self._choices is not None:
            found = self._choices.evaluate(values)
            choices = () if found is None else _texts(found, "choices")
            values["choices"] = list(choices)
        return choices, str(self._target.evaluate(values)).strip()

    def _request(self, values: Row, group: str, images: RowImages | None) -> Request:
        prompt_format, prefix = self._format, self._prefixes[group]
        text = self._asked.render(values)
        if self._continuations is not None:
            continuations = _texts(self._continuations.evaluate(values), "continuations")
            return LoglikelihoodRequest(prefix=prefix, context=text, continuations=continuations)
        if prompt_format.next_tokens:
            return NextTokenRequest(prefix=prefix, context=text, top=prompt_format.next_tokens)
        history = () if self._history is None else _turns(self._history.evaluate(values))
        shown: tuple[Image, ...] = ()
        if images is not None:
            check_unmarked([turn.text for turn in history])
            text, shown = images.placed_in(text, prompt_format.image_detail)
        return GenerateRequest(
            prefix=prefix,
            prompt=text,
            chat=prompt_format.chat,
            system=prompt_format.system if self._system is None else self._system.render(values),
            history=history,
            max_tokens=prompt_format.max_tokens,
            stop=prompt_format.stop,
            untruncated=prompt_format.untruncated,
            images=shown,
        )


def _named(row: Row) -> dict[str, Any]:
    """A row's values by their names, and as ``row``: names with spaces can only be looked up there."""
    return {"row": row, **row}


def _turns(value: Any) -> tuple[Turn, ...]:
    try:
        return msgspec.convert(value, tuple[Turn, ...])
    except msgspec.ValidationError as error:
        raise InputError(f"history must be a list of turns, as {{role: user, text: …}} ({error})") from None


def _tests(row: Row, columns: Sequence[str]) -> bytes:
    """The data set's own tests as a JSON list of the columns' texts, as they are published; empty without columns."""
    for column in columns:
        if not isinstance(row.get(column), str):
            raise InputError(f"the column {column!r} of fields.tests is no text in this row")
    return msgspec.json.encode([row[column] for column in columns]) if columns else b""


def _texts(value: Any, name: str) -> tuple[str, ...]:
    texts = list(value) if isinstance(value, (list, tuple, Iterator)) else []
    if len(texts) < 2 or not all(isinstance(text, str) and text for text in texts):
        raise InputError(f"{name} must be at least two texts that are not empty")
    return tuple(texts)
