"""From the files that a user names to what a suite is made of: tables, chat logs, documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from steelyard.errors import InputError
from steelyard.evidence import layout

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.records.file_options import FileOptions
    from steelyard.suites.collected import Collected
    from steelyard.suites.redacting import Replaced
    from steelyard.suites.sources.passages import Passage
    from steelyard.suites.tables import TableColumns
    from steelyard.suites.writers.writer import Progress, Redact

__all__ = ["CLOZE", "Sources", "Writing", "collect", "kind_of_source", "redacted_passages"]

CLOZE: Final = "cloze"  # the writer that needs no model
_TABLES: Final = frozenset((".csv", ".tsv", ".xlsx", ".xlsm", ".parquet"))
_JSON: Final = frozenset((".json", ".jsonl", ".ndjson"))
_LOOKED_AT: Final = 1 << 20  # bytes of a JSON file that show whether it is a chat log

Kind = Literal["table", "chats", "recording", "documents"]


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How questions about documents are written: by ``cloze``, or by the model with this URI.

    ``confirm`` gets what is replaced in the documents before a model sees them, and says whether to go on.
    """

    writer: str = ""
    per_passage: int = 3
    passages: int | None = None
    size: int = 1_500
    seed: str = "0"
    with_context: bool = True
    confirm: Callable[[list[Replaced]], bool] = lambda replaced: True
    progress: Progress = lambda done, total: None


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a suite is made of, and how it is read.

    ``redacts``: personal data and secrets are replaced before anything is sent or kept, and ``terms`` too.
    """

    paths: Sequence[Path]
    options: FileOptions
    columns: TableColumns
    writing: Writing = field(default_factory=Writing)
    redacts: bool = True
    terms: tuple[str, ...] = ()


def kind_of_source(path: Path) -> Kind:
    """What a file or folder is: by its name, and for JSON by whether it holds messages.

    Raises InputError for what is not there.
    """
    if not path.exists():
        raise InputError("there is no such file", where=path)
    if path.is_dir():
        return "recording" if (path / layout.PLAN).is_file() else "documents"
    ending = path.suffix.lower()
    if ending in _JSON:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
        return "chats" if b'"messages"' in start or b'"mapping"' in start or _is_list_of_messages(start) else "table"
    return "table" if ending in _TABLES else "documents"


def _is_list_of_messages(start: bytes) -> bool:
    head = start.split(b"\n", 1)[0].lstrip(b"\xef\xbb\xbf[ \t\r")
    try:
        first, _ = json.JSONDecoder().raw_decode(head.decode("utf-8", "replace").lstrip())
    except ValueError:
        return b'"role"' in start[:2000] and b'"content"' in start[:5000]
    return isinstance(first, dict) and {"role", "content"} <= first.keys()


async def collect(sources: Sources, args: RunArguments) -> tuple[Collected, list[Replaced]]:
    """The items of all sources, in their order, and what was replaced in them.

    ``args`` say how a model that writes is opened and asked.

    Raises InputError for a source that cannot be read, for documents without a writer, and where the user does not
    confirm what is sent; ModelUnavailable where the writer does not answer.
    """
    from steelyard.suites.collected import joined

    parts: list[Collected] = []
    replaced: list[Replaced] = []
    documents: list[Path] = []
    for path in sources.paths:
        kind = kind_of_source(path)
        if kind == "documents":
            documents.append(path)
        else:
            part, found = _redacted(_of_one(path, kind, sources), sources)
            parts.append(part)
            replaced += found
    if documents:
        part, found = await _of_documents(documents, sources, args)
        parts.append(part)
        replaced += found
    return joined(parts), replaced


def _redacted(part: Collected, sources: Sources) -> tuple[Collected, list[Replaced]]:
    if not sources.redacts:
        return part, []
    from steelyard.suites.redacting import redacted_items

    return redacted_items(part, sources.terms)


def _of_one(path: Path, kind: Kind, sources: Sources) -> Collected:
    if kind == "table":
        from steelyard.suites.tables import items_of_table

        return items_of_table(path, sources.options, sources.columns)
    if kind == "recording":
        from steelyard.adapters.gateway_conversations import recorded_chats
        from steelyard.storage.run_folder import RunFolder

        return recorded_chats(RunFolder.open(path))
    from steelyard.suites.sources.chats import read_chats

    return read_chats(path)


async def _of_documents(
    paths: Sequence[Path], sources: Sources, args: RunArguments
) -> tuple[Collected, list[Replaced]]:
    from dataclasses import replace

    from steelyard.suites.sources.documents import read_documents
    from steelyard.suites.sources.passages import spread

    writing = sources.writing
    if not writing.writer:
        raise InputError(
            "questions about documents must be written: --writer cloze makes them by rules alone, --writer URI has a "
            "model write them, as --writer openai:NAME@URL",
            where=paths[0],
        )
    found = read_documents(paths)
    passages = spread(found.documents, writing.size, writing.passages)
    sent, replaced = redacted_passages(passages, sources)
    if replaced and not writing.confirm(replaced):
        raise InputError("stopped: nothing was sent, and no suite was made")
    written = await _written(passages, sent, writing, args)
    skipped = tuple(f"{each.name}: not read ({each.reason})" for each in found.skipped)
    return replace(written, remarks=(*written.remarks, *skipped)), replaced


def redacted_passages(passages: Sequence[Passage], sources: Sources) -> tuple[Redact, list[Replaced]]:
    """The text of each passage as it may be sent and kept, and each change.

    One value has one placeholder throughout a document.
    """
    from steelyard.suites.redacting import Replaced
    from steelyard.suites.redaction.diff import changes
    from steelyard.suites.redaction.redactor import Placeholders, redact

    if not sources.redacts:
        return lambda passage: passage.text, []
    by_document: dict[str, Placeholders] = {}
    sent: dict[tuple[str, int, int], str] = {}
    replaced: list[Replaced] = []
    for passage in passages:
        name = passage.document.name
        placeholders = by_document.setdefault(name, Placeholders(terms=sources.terms))
        redacted = redact(passage.text, placeholders)
        sent[name, passage.place, passage.start] = redacted.text
        replaced += [Replaced(name, each.before, each.after) for each in changes(passage.text, redacted)]
    return lambda passage: sent[passage.document.name, passage.place, passage.start], replaced


async def _written(passages: Sequence[Passage], sent: Redact, writing: Writing, args: RunArguments) -> Collected:
    from dataclasses import replace

    from steelyard.api.models import open_for_call
    from steelyard.records import SUBJECT
    from steelyard.suites.writers.asking import asker
    from steelyard.suites.writers.cloze import ClozeWriter
    from steelyard.suites.writers.model import ModelWriter

    if writing.writer == CLOZE:
        cloze = ClozeWriter(
            per_passage=writing.per_passage,
            seed=writing.seed,
            redact=sent,
            with_context=writing.with_context,
            progress=writing.progress,
        )
        return await cloze.write(passages)
    async with AsyncExitStack() as opened_here:
        # The suite does not exist yet: the writer is the one endpoint that the user names for its documents.
        model = open_for_call(replace(args, models={SUBJECT: writing.writer}), opened_here, ())[SUBJECT]
        _, capabilities = await model.identify()
        writer = ModelWriter(
            ask=asker(model, capabilities, concurrency=args.concurrency or 4),
            per_passage=writing.per_passage,
            redact=sent,
            with_context=writing.with_context,
            progress=writing.progress,
        )
        return await writer.write(passages)
