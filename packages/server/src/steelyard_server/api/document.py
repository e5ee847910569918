"""The OpenAPI 3.1 document, generated from the operations and the records that they take and give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard_server.access.callers import Place
from steelyard_server.access.request_limit import OF_TOKEN
from steelyard_server.http.replies import PROBLEM_TYPE
from steelyard_server.wire.records import ProblemDetails

if TYPE_CHECKING:
    from steelyard.records import Record
    from steelyard_server.api.operation import Operation, Success

__all__ = ["document_text", "openapi"]

_REFERENCE: Final = "#/components/schemas/{name}"
_ABOUT: Final = (
    "For programs: JSON in, JSON out. A token of the page Account is sent as `Authorization: Bearer TOKEN`. It works "
    "in one project, which no address here names, and is never worth more than its person's role there at that moment. "
    f"Cookies are not looked at. A token has {OF_TOKEN:,} requests a minute. What is wrong comes as problem details "
    "(RFC 9457), in one line. Later versions may add fields to answers: ignore those that you do not know."
)
# The parts of paths: what each names, and its form.
_PARTS: Final = {
    "seal": (
        "SHA-256 of the run's seal, hexadecimal.",
        {"type": "string", "pattern": "^[0-9a-f]{64}$", "minLength": 64, "maxLength": 64},
    ),
    "schedule": ("The schedule's number.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}),
    "dry_run": ("The dry run's number.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}),
    "change": ("The number of the change.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}),
    "job": ("The job's number.", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}),
}


def openapi(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.template, {})[each.method.lower()] = _operation(each, operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Steelyard", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _components(operations),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token of the page Account."}
            },
        },
    }


def document_text(operations: Sequence[Operation]) -> str:
    """The document as JSON."""
    return json.dumps(openapi(operations), indent=1) + "\n"


def _operation(operation: Operation, operations: Sequence[Operation]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"{operation.about} {_who_may(operation)}",
        # Each scope is an alternative.
        "security": [{"token": [scope]} for scope in operation.access.scopes],
        "responses": {str(status): reply for status, reply in sorted(_responses(operation, operations))},
    }
    if parameters := [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)]:
        found["parameters"] = parameters
    if operation.body is not None:
        form: dict[str, Any] = {}
        if operation.body.record is not None:
            form["schema"] = _reference(operation.body.record)
        if operation.body.example is not None:
            form["example"] = operation.body.example
        content: dict[str, Any] = dict.fromkeys(operation.body.media_types, form)
        found["requestBody"] = {"description": operation.body.words, "required": True, "content": content}
    return found


def _who_may(operation: Operation) -> str:
    if operation.is_open:
        return "Anybody may ask it."
    scopes = " or ".join(operation.access.scopes)
    role = (
        f", of a person with at least the role {operation.access.role}"
        if operation.access.place is Place.PROJECT
        else ""
    )
    return f"It takes a token with the scope {scopes}{role}."


def _responses(operation: Operation, operations: Sequence[Operation]) -> Iterator[tuple[int, dict[str, Any]]]:
    for each in operation.successes:
        found: dict[str, Any] = {"description": each.words, "content": {each.media_type: _schema(each)}}
        if links := dict(_links(operation, each, operations)):
            found["links"] = links
        yield each.status, found
    for status, words in operation.all_problems().items():
        reply: dict[str, Any] = {
            "description": words,
            "content": {PROBLEM_TYPE: {"schema": _reference(ProblemDetails)}},
        }
        if status == 429:
            reply["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
        yield status, reply


def _links(
    operation: Operation, success: Success, operations: Sequence[Operation]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be asked of something that was just made, by its number or seal in the answer."""
    if operation.method != "POST" or success.record is None:
        return
    named = {each.name for each in msgspec.structs.fields(success.record)} & _PARTS.keys() - {*operation.parts}
    for other in operations:
        if parts := named & {*other.parts}:
            values = {part: f"$response.body#/{part}" for part in sorted(parts)}
            yield other.name, {"operationId": other.name, "parameters": values}


def _schema(success: Success) -> dict[str, Any]:
    if success.record is not None:
        return {"schema": _reference(success.record)}
    return {"schema": {"type": "object"}} if success.media_type == "application/json" else {}


def _reference(record: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=record.__name__)}


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in operation.parts:
        words, schema = _PARTS[name]
        yield {"name": name, "in": "path", "required": True, "description": words, "schema": schema}


def _query_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    schemas, _ = _of_records([operation.query])
    properties = schemas[operation.query.__name__]["properties"]
    for name, schema in properties.items():
        description = schema.pop("description", "")
        yield {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _header_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name, (words, values) in (operation.body.headers if operation.body else {}).items():
        yield {
            "name": name, "in": "header", "required": False, "description": words,
            "schema": {"type": "string", "enum": [*values]},
        }  # fmt: skip


def _components(operations: Sequence[Operation]) -> dict[str, Any]:
    answers = {each.record for operation in operations for each in operation.successes if each.record is not None}
    queries: list[type[Record]] = [each.query for each in operations if each.query is not None]
    bodies = {each.body.record for each in operations if each.body is not None and each.body.record is not None}
    _, found = _of_records([*answers, *bodies, ProblemDetails])
    _, of_queries = _of_records(queries)
    referred = {name: schema for name, schema in of_queries.items() if name not in {each.__name__ for each in queries}}
    return dict(sorted((found | referred).items()))


def _of_records(records: Sequence[type[msgspec.Struct]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of these records, by name, and those of all that they name."""
    _, components = msgspec.json.schema_components(records, ref_template=_REFERENCE)
    wanted = {each.__name__ for each in records}
    return {name: schema for name, schema in components.items() if name in wanted}, components
