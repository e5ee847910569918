"""What a job asks: what a command line would say, as canonical JSON, and nothing that is evaluated.

A specification comes from a person who may not be trusted with the machine: it names no path, no variable of the
environment, no code and no address: of models only those of an endpoint in the administrator's list, by its name, and
the small one that is built in. Questions and a claim sheet are texts in it, which the job's process writes into its own
folder.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical

__all__ = [
    "BUILT_IN",
    "AuditSpecification",
    "Resumption",
    "RunSpecification",
    "Specification",
    "encode",
    "read_specification",
]

MAX_BYTES: Final = 1 << 20
BUILT_IN: Final = "embedded:smollm2"
_TASK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,119}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MAX_QUESTIONS: Final = 20

Word: TypeAlias = Annotated[str, Meta(max_length=120)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]
Price: TypeAlias = Annotated[float, Meta(ge=0, le=1e6)]


class _Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What both kinds say; each field as the option of that name. ``questions`` are JSONL texts by a task's name.

    ``model`` is a name in the list of the endpoint; without one it is :data:`BUILT_IN`.
    """

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    endpoint: Annotated[str, Meta(max_length=80)] = ""
    questions: dict[str, str] = {}
    limit: Count | None = None
    budget_seconds: Positive | None = None
    concurrency: Annotated[int, Meta(ge=1, le=1000)] | None = None
    timeout: Annotated[float, Meta(ge=0.1, le=86400)] = 120.0
    rpm: Count | None = None
    tpm: Count | None = None
    output_tokens: Count | None = None
    reasoning_effort: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,40}$")] = ""
    max_tokens: Count | None = None
    max_cost: Positive | None = None
    price: tuple[Price, Price] | None = None
    with_texts: bool = False
    scorer: Word = ""


class RunSpecification(_Asking, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="run"):
    """``steelyard run``: a built-in ``task`` by its id, or the only one of ``questions``."""

    task: Word = ""
    prompt: Word = ""
    window: Word = ""
    shots: Annotated[int, Meta(ge=0, le=1000)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    repeats: Annotated[int, Meta(ge=1, le=1000)] | None = None


class AuditSpecification(_Asking, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="audit"):
    """``steelyard audit``: ``sheet`` is the claim sheet's text (YAML)."""

    sheet: Annotated[str, Meta(min_length=1)]
    tolerance: Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")] = "2"
    detect: Annotated[str, Meta(pattern="^[a-z0-9_,-]{1,200}$")] = "auto"


class Resumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="resume"):
    """``steelyard resume`` of what the job with this number left, asking what that one asked."""

    job: Annotated[int, Meta(ge=1)]


Specification: TypeAlias = RunSpecification | AuditSpecification | Resumption


def encode(specification: Specification) -> bytes:
    """The canonical JSON of a specification; raises InputError where it asks what a job may not."""
    data = canonical(_with_kind(specification))
    read_specification(data)
    return data


def _with_kind(specification: Specification) -> dict[str, object]:
    """Without fields that equal their default, so that the same question has the same text."""
    found = msgspec.to_builtins(specification)
    plain = {name: default for name, default in _defaults(specification).items() if name in found}
    return {name: value for name, value in found.items() if name not in plain or value != plain[name]}


def _defaults(specification: Specification) -> dict[str, object]:
    return {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(specification)
        if not field.required
    }


def read_specification(data: bytes | str) -> Specification:
    """Read a specification; raises InputError, in one line, for anything that is none or asks what a job may not."""
    if len(data if isinstance(data, bytes) else data.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError(f"a job's specification is larger than {MAX_BYTES >> 20} MB: ask fewer questions at once")
    try:
        found: Specification = msgspec.json.decode(data, type=Specification, strict=True)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"a job's specification cannot be read: {str(error)[:300]}") from None
    if not isinstance(found, Resumption):
        _check(found)
    return found


def _check(found: RunSpecification | AuditSpecification) -> None:
    _check_model(found)
    if len(found.questions) > _MAX_QUESTIONS:
        raise InputError(f"a job has {_MAX_QUESTIONS} tasks of its own at most")
    for name in found.questions:
        if not _NAME.fullmatch(name):
            raise InputError(f"a task of your own is named by small letters, digits and -, not {name[:60]!r}")
    if isinstance(found, RunSpecification):
        if bool(found.task) == bool(found.questions) or len(found.questions) > 1:
            raise InputError("a run measures one task: give 'task', or one entry of 'questions'")
        if found.task and not _TASK.fullmatch(found.task):
            raise InputError(f"'task' is the id of a built-in task, not {found.task[:60]!r}")


def _check_model(found: RunSpecification | AuditSpecification) -> None:
    if not found.endpoint:
        if found.model != BUILT_IN:
            raise InputError(
                f"a job names an endpoint of this platform's list and one of its models, or {BUILT_IN}, not "
                f"{found.model[:120]!a}: other models are for the command line"
            )
    elif not found.endpoint.isprintable() or not found.model.isprintable() or found.model[0] == "@":
        raise InputError("an endpoint and its model are named as in the list of endpoints")
