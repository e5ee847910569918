"""Writes docs/reference/http-api.md from the platform's OpenAPI document: ``python -m tools.api_page``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from steelyard_server.api.document import openapi
from steelyard_server.api.operation import OF_ALL, OF_TOKENS
from steelyard_server.api.operations import OPERATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http-api.md"
INTRODUCTION = """# HTTP API of the platform

This page is generated from the OpenAPI 3.1 document that [`steelyard serve`](../how-to/serve.md) gives at
`/api/v1/openapi.json` (`make docs` does it).
"""


def page() -> str:
    """The whole page as Markdown."""
    document = openapi(OPERATIONS)
    schemas = document["components"]["schemas"]
    parts = [INTRODUCTION, document["info"]["description"] + "\n", *_summary(document)]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append("\n".join(_operation(method.upper(), path, operation)))
    parts.append("\n".join(_problems()))
    parts.append("## Records\n\nEvery field is there, unless it says otherwise.\n")
    parts += ["\n".join(_record(name, schema)) for name, schema in schemas.items() if "properties" in schema]
    return "\n".join(parts)


def _summary(document: dict[str, Any]) -> Iterator[str]:
    rows = [
        f"| `{method.upper()} {path}` | {operation['summary']} | {_scopes(operation)} |"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    yield "\n".join(["| request | what it is | scope of the token |", "|:--|:--|:--|", *rows]) + "\n"


def _problems() -> Iterator[str]:
    yield "## What any of these may answer\n"
    yield "As [ProblemDetails](#problemdetails), with the type `application/problem+json`.\n"
    yield "| status | meaning |\n|--:|:--|"
    for status, words in sorted(OF_TOKENS.items()):
        yield f"| {status} | {words} |"
    yield f"\nWhere no token is needed, {' and '.join(map(str, sorted(OF_ALL)))} alone.\n"


def _scopes(operation: dict[str, Any]) -> str:
    return " or ".join(scope for each in operation["security"] for scope in each["token"]) or "none: no token"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {method} {path}\n"
    yield f"{operation['summary']}.".replace("?.", "?") + f" {operation['description']}\n"
    if parameters := operation.get("parameters"):
        yield "| parameter | in | form | meaning |\n|:--|:--|:--|:--|"
        for each in parameters:
            yield f"| `{each['name']}` | {each['in']} | {_form(each['schema'])} | {each['description']} |"
        yield ""
    if body := operation.get("requestBody"):
        forms = " or ".join(_content({name: each}) for name, each in body["content"].items())
        yield f"Body, {forms}: {body['description']}\n"
        for each in body["content"].values():
            if "example" in each:
                yield f"```json\n{json.dumps(each['example'])}\n```\n"
    common = OF_TOKENS if operation["security"] else OF_ALL
    yield "| status | answer | meaning |\n|--:|:--|:--|"
    for status, reply in operation["responses"].items():
        if reply["description"] != common.get(int(status)):
            yield f"| {status} | {_content(reply['content'])} | {reply['description']} |"
    yield ""


def _content(content: dict[str, Any]) -> str:
    ((media_type, found),) = content.items()
    return _form(found["schema"]) if "$ref" in found.get("schema", {}) else f"`{media_type}`"


def _record(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n\n{' '.join(schema['description'].split())}\n\n| field | form | meaning |\n|:--|:--|:--|"
    required = schema.get("required", [])
    for field, found in schema["properties"].items():
        optional = "" if field in required else "Not required. "
        yield f"| `{field}` | {_form(found)} | {optional}{found.get('description', '')} |"
    yield ""


def _form(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        enum = openapi(OPERATIONS)["components"]["schemas"][name].get("enum")
        return _form({"enum": enum}) if enum else f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_form(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "prefixItems" in schema:
        return f"list of {', '.join(_form(each) for each in schema['prefixItems'])}"
    if schema["type"] == "array":
        return f"list of {_form(schema['items'])}"
    bounds = [f"from {schema['minimum']:,}"] if schema.get("minimum") else []
    bounds += [f"to {schema['maximum']:,}"] if schema.get("maximum", 1 << 60) < 1 << 60 else []
    default = f", default {schema['default']}" if schema.get("default") else ""
    return " ".join([schema.get("format", schema["type"]), *bounds]) + default


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
