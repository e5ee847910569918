"""Requests that are made up from the OpenAPI document, right and wrong ones, and whether an answer is inside of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from packages.server.tests.site import Client, Reply

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_WORDS = st.one_of(
    st.sampled_from(["", "0", "-1", "1e9", "9" * 30, "null", "[]", "' OR 1=1 --", "\x1b[31m", "x\ud7ff"]),
    st.sampled_from(["\x00", "a\x00b", "\n", "\u202e", "x" * 201]),
    _TEXT,
)


_NUMBERS = st.one_of(st.integers(1, 30).map(str), st.sampled_from(["0", "9" * 18, "9" * 30, "-1", "x", "1.5"]))


@dataclass(frozen=True)
class Request:
    """One request; ``operation`` is the document's, None where it has none for this method."""

    method: str
    template: str
    path: str
    operation: dict[str, Any] | None = field(repr=False)
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def scopes(self) -> set[str]:
        """Those of which the operation takes a token; none where anybody may ask, or there is no such operation."""
        return {scope for each in (self.operation or {}).get("security", []) for scope in each["token"]}

    def send(self, client: Client) -> Reply:
        return client.ask(self.method, self.path, self.body, self.headers)


class Document:
    """The document with a validator for each of its schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.statuses: Counter[int] = Counter()
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        resource: Resource[Any] = Resource.from_contents(
            {"$schema": Draft202012Validator.META_SCHEMA["$id"], **document}
        )
        self._registry: Registry[Any] = Registry().with_resource("urn:api", resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, request: Request, reply: Reply) -> None:
        """Raise AssertionError for an answer that the document does not have."""
        self.statuses[reply.status] += 1
        said = (request, reply.status, reply.body[:300])
        assert reply.status < 500 or reply.status == 503, said
        assert "set-cookie" not in reply.headers, said
        if request.operation is None:
            assert (reply.status, "allow" in reply.headers) in ((405, True), (404, False)), said
            content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
        else:
            assert str(reply.status) in request.operation["responses"], said
            content = request.operation["responses"][str(reply.status)]["content"]
        media_type = reply.headers["content-type"].partition(";")[0]
        assert media_type in content, said
        if "schema" in content[media_type]:
            found = json.loads(reply.body)
            self._validator(content[media_type]["schema"]).validate(found)
            if "problem" in media_type:
                assert found["status"] == reply.status, said
                assert found["detail"].isprintable(), said

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        key = schema.get("$ref", "")
        if key not in self._validators:
            absolute = {"$ref": f"urn:api{key}"} if key else schema
            self._validators[key] = Draft202012Validator(absolute, registry=self._registry)
        return self._validators[key]


def requests(
    document: Document, seals: st.SearchStrategy[str], bodies: st.SearchStrategy[bytes]
) -> st.SearchStrategy[Request]:
    """Requests to every path of the document: each is right, or wrong in some way, by the flip of a coin."""

    # Where there is more to get wrong is asked more often.
    rich = [path for path, found in document.paths.items() if any(map(_is_rich, found.values()))]
    paths = sorted([*document.paths, *rich * 4])

    @st.composite
    def drawn(draw: st.DrawFn) -> Request:
        template = draw(st.sampled_from(paths))
        operations = document.paths[template]
        known = sorted(method.upper() for method in operations)
        method = draw(st.sampled_from(known if draw(st.integers(0, 9)) else METHODS))
        operation = operations.get(method.lower())
        parameters = (operation or {}).get("parameters", [])
        path = template.replace("{seal}", quote(draw(seals), safe=""))
        path = path.replace("{job}", quote(draw(_NUMBERS), safe=""))
        path = path.replace("{dry_run}", quote(draw(_NUMBERS), safe=""))
        path = path.replace("{schedule}", quote(draw(_NUMBERS), safe=""))
        path = path.replace("{change}", quote(draw(_NUMBERS), safe=""))
        query = _query(draw, [each for each in parameters if each["in"] == "query"])
        headers = {each["name"]: _value(draw, each["schema"]) for each in parameters if each["in"] == "header"}
        sent = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
        if operation and "application/json" in operation.get("requestBody", {}).get("content", {}):
            sent["Content-Type"] = draw(st.sampled_from(["application/json", "application/json; charset=utf-8", "x"]))
        if operation and not draw(st.integers(0, 19)):
            sent["Host"] = "evil.example"
        body = draw(bodies) if operation and "requestBody" in operation else draw(st.sampled_from([None, None, b"x"]))
        return Request(method, template, path + (f"?{query}" if query else ""), operation, body, sent)

    return drawn()


def _is_rich(operation: dict[str, Any]) -> bool:
    return "requestBody" in operation or any(each["in"] == "query" for each in operation.get("parameters", []))


def _query(draw: st.DrawFn, parameters: list[dict[str, Any]]) -> str:
    chosen = (
        draw(st.lists(st.sampled_from(parameters), max_size=2, unique_by=lambda each: each["name"]))
        if parameters
        else []
    )
    pairs = [(each["name"], _value(draw, each["schema"])) for each in chosen]
    if not draw(st.integers(0, 6)):
        pairs.append((draw(_TEXT), draw(_WORDS)))
    if pairs and not draw(st.integers(0, 9)):
        pairs.append(pairs[0])
    return urlencode(pairs)


def _value(draw: st.DrawFn, schema: dict[str, Any]) -> str:
    """A value of a schema, or, every other time, any."""
    if draw(st.booleans()):
        return draw(_WORDS)
    if "enum" in schema:
        return str(draw(st.sampled_from(schema["enum"])))
    if schema["type"] == "integer":
        return str(draw(st.integers(schema.get("minimum"), schema.get("maximum"))))
    return draw(st.text(st.characters(codec="utf-8"), max_size=schema["maxLength"]))
