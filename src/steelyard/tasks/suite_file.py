"""The folder of a private suite: what ``suite.yaml`` and ``samples.jsonl`` hold, and the digest that names a version.

A suite is plain files that a person reads and keeps in git::

    SUITE/suite.yaml        what it is, how it is asked and scored, and which endpoints may ever see it
    SUITE/samples.jsonl     one item a line (:class:`steelyard.records.SuiteItem`)
    SUITE/variants.jsonl    equivalent variants of items (:mod:`steelyard.tasks.suite_variants`), if there are any
    SUITE/dropped.jsonl     what was thrown out while it was made, each with its reason
    SUITE/images/           the images that items show, each named by its SHA-256
    SUITE/templates/        prompts; ``prompt: "@templates/brief.j2"`` in suite.yaml names one
    SUITE/graders/          rubrics; ``scorer: {name: judged, rubric: graders/helpful.yaml}`` names one
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import SuiteItem
from steelyard.tasks.definition import Part, PromptFormat
from steelyard.tasks.definition_file import read_strictly, resolved_prompts
from steelyard.tasks.file_options import MAX_LABELS
from steelyard.tasks.file_rows import FileRows, JsonlRows, Row
from steelyard.tasks.loaders import beside
from steelyard.tasks.suite_images import check_image_names, suite_image
from steelyard.tasks.suite_vault import VAULT, Vault, item_digest, subject_of

__all__ = [
    "DROPPED",
    "SAMPLES",
    "SUITE",
    "MadeFrom",
    "PartRows",
    "SuiteFile",
    "SuiteRows",
    "check_endpoint",
    "is_suite",
    "read_suite",
    "suite_digest",
    "suite_folder",
    "suite_part",
]

SUITE: Final = "suite.yaml"
SAMPLES: Final = "samples.jsonl"
DROPPED: Final = "dropped.jsonl"
MAX_TEMPLATE: Final = 1_000_000  # bytes of a file in templates/
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_ITEM: Final = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)


class MadeFrom(Part, frozen=True, kw_only=True):
    """A file that a suite was made from; its name without the folders above."""

    file: str
    sha256: str = ""
    items: int = 0


class SuiteFile(Part, frozen=True, kw_only=True):
    """What ``suite.yaml`` says.

    ``endpoints`` are the addresses that may ever see an item: of an endpoint its base URL, of a plugin's model its
    whole URI, ``python`` for models that Python code gives; a model in this process needs none. ``readers`` are public
    keys of those who may read the suite's files. ``instruction`` is put before each question; ``choices`` are labels
    that every answer is one of. ``canary`` is in the suite's files and never in a prompt: a model that says it has read
    them. ``judged`` is set where the items are another run's answers, for a judge: the digest of that run's seal and of
    the rubric. Without ``prompts`` questions are asked as those of a file are. ``rule``, as ``18 of 20``: how many of
    all items must be right, for a gate that is given nothing else.
    """

    suite: str
    about: str = ""
    version: int = 1
    language: Literal["en", "de"] = "en"
    endpoints: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    instruction: str = ""
    choices: tuple[str, ...] = ()
    scorer: dict[str, Any] = msgspec.field(default_factory=dict)
    prompts: dict[str, PromptFormat] = msgspec.field(default_factory=dict)
    default_prompt: str = ""
    chance: float = 0.0
    canary: str = ""
    judged: str = ""
    made_from: tuple[MadeFrom, ...] = ()
    rule: str = ""


class SuiteRows(FileRows):
    """The items of ``samples.jsonl`` as rows, read strictly; raises InputError with file and line.

    ``ids`` and ``digests`` are those of the items, in the file's order.
    """

    def __init__(self, path: Path, suite: SuiteFile) -> None:
        self._suite = suite
        self.digests: list[str] = []
        self.erased: set[str] = set()
        self.has_context = self.has_history = self.has_groups = self.has_images = self.all_have_choices = False
        self.most_choices = self.without_answer = 0
        self.ids: dict[str, int] = {}  # with the number of each item's line
        self._path = path
        self._rows: JsonlRows | None = None
        self._vault: Vault | None = None
        self._held: dict[int, SuiteItem] = {}  # by place, of a suite that is encrypted: decrypted in memory alone
        if path.is_file():
            self._rows = JsonlRows(path, self._look)
        elif path.with_name(VAULT).is_file():
            self._vault = Vault(path.parent)
            self._open(self._vault)
        else:
            raise InputError("there is no such file: a suite has its items there", where=path)
        if not self.ids:
            raise InputError("has no items", where=path)
        self._with_choices = self.most_choices > 0
        if self._with_choices and not self.all_have_choices:
            raise InputError("some items have choices and some have none: make two suites of them", where=path)

    def _open(self, vault: Vault) -> None:
        for place, (number, line, item) in enumerate(vault.items()):
            if item is not None:
                self._held[place] = item
                self._take(item, number)
            elif line.id in self.ids:
                raise self._wrong(f"two items have the id {line.id[:80]!r}", number)
            else:
                self.ids[line.id] = number
                self.digests.append(line.digest)
                self.erased.add(line.id)
        if not self._held:
            raise InputError("all items of this suite were erased", where=vault.folder)

    def _look(self, row: Row, number: int) -> None:
        self._take(self._item(row, number), number)

    def _take(self, item: SuiteItem, number: int) -> None:
        if not _ITEM.fullmatch(item.id):
            raise self._wrong(f"id {item.id[:40]!r}: letters, digits, '.', '_' and '-', at most 80", number)
        if item.id in self.ids:
            raise self._wrong(f"two items have the id {item.id!r}", number)
        if not item.question.strip():
            raise self._wrong("question is empty", number)
        if item.choices:
            _check_choices(item, self._path, number)
        check_image_names(item, self._path, number)
        first = len(self.ids) == len(self.erased)
        self.ids[item.id] = number
        self.digests.append(item_digest(item))
        self.has_context = self.has_context or bool(item.context)
        self.has_history = self.has_history or bool(item.history)
        self.has_groups = self.has_groups or bool(item.group)
        self.has_images = self.has_images or bool(item.images)
        self.all_have_choices = bool(item.choices) and (first or self.all_have_choices)
        self.most_choices = max(self.most_choices, len(item.choices))
        self.without_answer += not item.answer.strip()

    def _item(self, row: Row, number: int) -> SuiteItem:
        try:
            return msgspec.convert(row, SuiteItem)
        except msgspec.ValidationError as error:
            raise self._wrong(str(error), number) from None

    def _wrong(self, message: str, number: int) -> InputError:
        return InputError(message, where=self._path, line=number)

    def __len__(self) -> int:
        return len(self.ids)

    def number_of(self, place: int) -> int:
        """The number of the line of the item at this place."""
        return self._numbers[place]

    @cached_property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(self.ids.values())

    @property
    def is_encrypted(self) -> bool:
        """Whether the items are encrypted in the folder."""
        return self._rows is None

    def items(self) -> Iterator[SuiteItem]:
        """The items that were not erased, in the file's order."""
        return (self.item(place) for place, name in enumerate(self.ids) if name not in self.erased)

    def item(self, place: int) -> SuiteItem:
        """The item at this place, from 0; KeyError for one that was erased."""
        return self._held[place] if self._rows is None else msgspec.convert(self._rows[place], SuiteItem)

    def _row(self, number: int) -> Row:
        return self.row_of(self.item(number), self.number_of(number))

    def row_of(self, item: SuiteItem, line: int) -> Row:
        """An item as a row: one of the file's, at this line, or a variant of it, with its images' bytes.

        Raises InputError as reading does, and for an image that is not there or was changed.
        """
        row: Row = {
            "id": item.id,
            "question": item.question,
            "answer": item.answer,
            "context": item.context,
            "history": [msgspec.to_builtins(turn) for turn in item.history],
            "group": item.group,
            "instruction": self._suite.instruction,
            "choices": list(item.choices or self._suite.choices),
            "images": [self.image(item, name) for name in item.images],
        }
        if self._with_choices:
            row["answer"] = str(item.choices.index(item.answer))
        elif self._suite.choices:
            row["answer"] = _label(item, self._suite.choices, self._path, line)
        return row

    def image(self, item: SuiteItem, name: str) -> bytes:
        """The bytes of an image that an item shows; raises InputError where they are not what its name says."""
        if self._vault is None:
            return suite_image(self._path.parent, name)
        return self._vault.image(subject_of(item, self._suite.suite), name)

    def check_images(self) -> None:
        """Read each image that an item shows; raises InputError as :meth:`image` does."""
        seen = set()
        for item in self.items():
            for name in item.images:
                place = (name, self._vault and subject_of(item, self._suite.suite))
                if place not in seen:
                    self.image(item, name)
                    seen.add(place)


class PartRows(FileRows):
    """Some of a suite's items as rows, in the file's order: those with the given ids."""

    def __init__(self, rows: SuiteRows, ids: Collection[str]) -> None:
        self._rows = rows
        self._places = [place for place, name in enumerate(rows.ids) if name in ids]

    def __len__(self) -> int:
        return len(self._places)

    def number_of(self, place: int) -> int:
        """The number of the line of the item at this place."""
        return self._rows.number_of(self._places[place])

    def _row(self, number: int) -> Row:
        return self._rows[self._places[number]]


def _check_choices(item: SuiteItem, path: Path, number: int) -> None:
    if not 2 <= len(item.choices) <= MAX_LABELS or len(set(item.choices)) != len(item.choices):
        raise InputError(f"choices must be 2 to {MAX_LABELS} different texts", where=path, line=number)
    if item.answer not in item.choices:
        raise InputError(f"answer {item.answer[:40]!r} is not one of the choices", where=path, line=number)


def _label(item: SuiteItem, labels: tuple[str, ...], path: Path, number: int) -> str:
    plain = [label.casefold() for label in labels]
    text = " ".join(item.answer.split()).casefold()
    if text not in plain:
        raise InputError(f"answer {item.answer[:40]!r} is none of the suite's choices", where=path, line=number)
    return str(plain.index(text))


def is_suite(path: Path) -> bool:
    """Whether a path is the folder of a suite, its ``suite.yaml``, or a part of a sealed one (``SUITE#check-1``)."""
    return path.name == SUITE or (suite_folder(path) / SUITE).is_file()


def suite_folder(path: Path) -> Path:
    """The folder of a suite that a user names by it, by its ``suite.yaml``, or by one of its parts."""
    if path.name == SUITE:
        return path.parent
    name, separator, _ = path.name.partition("#")
    return path.with_name(name) if separator and name and not path.exists() else path


def suite_part(path: Path) -> str:
    """The part of a sealed suite that a path names: ``released``, ``all``, ``check-1`` …; empty for none."""
    return path.name.partition("#")[2] if suite_folder(path) != path and path.name != SUITE else ""


def read_suite(folder: Path) -> SuiteFile:
    """Read ``suite.yaml`` strictly, with the templates that it names; raises InputError with file and line."""
    path = folder / SUITE
    suite = read_strictly(path, SuiteFile)
    if not _NAME.fullmatch(suite.suite):
        raise InputError(f"suite {suite.suite[:40]!r}: a name has letters, digits, '.', '_' and '-'", where=path)
    if suite.version < 1 or not 0 <= suite.chance < 1:
        raise InputError("version is at least 1, and chance a fraction from 0 to below 1", where=path)
    for each in suite.endpoints:
        check_endpoint(each, path)
    prompts = {name: _with_files(each, path) for name, each in suite.prompts.items()}
    if prompts and suite.default_prompt and suite.default_prompt not in prompts:
        raise InputError(f"default_prompt {suite.default_prompt!r} is not among the prompts", where=path)
    return msgspec.structs.replace(suite, prompts=resolved_prompts(prompts, path) if prompts else {})


def check_endpoint(endpoint: str, where: str | Path) -> None:
    """Raise InputError, naming ``where``, for what can be no address of a model."""
    try:
        parts = urlsplit(endpoint)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_plain = not (parts.username or parts.query or parts.fragment)
    except ValueError:
        is_url = is_plain = False
    is_uri = "://" not in endpoint and re.fullmatch(r"[a-z][a-z0-9_-]*:\S+", endpoint) is not None
    if not (endpoint == "python" or is_uri or (is_url and is_plain) or endpoint.startswith("ray://")):
        raise InputError(
            "endpoints are base URLs (https://HOST/v1), whole URIs of a plugin's models, or python", where=where
        )


def _with_files(prompt_format: PromptFormat, path: Path) -> PromptFormat:
    """The format with the texts of the files in place of ``@FILE``."""
    texts = {
        key: _of_file(value[1:], path)
        for key in ("prefix", "prompt", "context", "system")
        if (value := getattr(prompt_format, key)).startswith("@")
    }
    return msgspec.structs.replace(prompt_format, **texts)


def _of_file(name: str, path: Path) -> str:
    template = beside(path, name, "prompts")
    try:
        with template.open("rb") as file:
            data = file.read(MAX_TEMPLATE + 1)
        if len(data) > MAX_TEMPLATE:
            raise InputError(f"larger than {MAX_TEMPLATE:,} bytes: not a prompt", where=template)
        return data.decode()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=template) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=template) from None


def suite_digest(suite: SuiteFile, digests: list[str], variants: Sequence[str] = ()) -> str:
    """The SHA-256 that names one version of a suite: what is asked, how, and how it is scored.

    ``digests`` are those of its items, ``variants`` those of their variants. Who may see and read it, and what it was
    made from, are not in it: they change without another version.
    """
    asked = msgspec.structs.replace(suite, endpoints=(), readers=(), made_from=(), about="")
    parts: dict[str, Any] = {"suite": without_defaults(asked), "items": sorted(digests)}
    return sha256(canonical(parts | ({"variants": sorted(variants)} if variants else {}))).hexdigest()
