"""The OpenAPI document: valid, complete, and the same as what the routes do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

from jsonschema import Draft202012Validator

from packages.server.tests.site import Site
from steelyard.records import VerdictWord
from steelyard_server.access.callers import Place
from steelyard_server.api.document import document_text, openapi
from steelyard_server.api.operations import OPERATIONS
from steelyard_server.app import RULES
from steelyard_server.wire.records import WordAsked

DOCUMENT = openapi(OPERATIONS)


def nodes(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
        for each in found.values():
            yield from nodes(each)
    elif isinstance(found, list):
        for each in found:
            yield from nodes(each)


def test_it_is_served_to_anybody_as_it_is_generated(site: Site) -> None:
    reply = site.client().get("/api/v1/openapi.json")
    assert (reply.status, reply.text) == (200, document_text(OPERATIONS))
    assert reply.headers["content-type"] == "application/json"


def test_every_route_for_programs_below_api_is_in_it_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations}
    routes = {(rule.method, re.sub(r":\w+}", "}", rule.path)) for rule in RULES if rule.path.startswith("/api/")}
    assert described == routes


def test_its_schemas_are_schemas_and_every_reference_leads_somewhere() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for node in nodes(DOCUMENT):
        if "schema" in node:
            Draft202012Validator.check_schema(node["schema"])
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/components/schemas/")
            assert name in DOCUMENT["components"]["schemas"], node


def test_every_operation_has_a_name_of_its_own_its_parts_and_what_can_go_wrong() -> None:
    operations = [(path, each) for path, found in DOCUMENT["paths"].items() for each in found.values()]
    names = [each["operationId"] for _, each in operations]
    assert len(names) == len(set(names))
    for path, each in operations:
        parts = {found["name"] for found in each.get("parameters", []) if found["in"] == "path"}
        assert parts == set(re.findall(r"\{(\w+)\}", path)), path
        assert {"403", "413"} <= each["responses"].keys()
        if each["security"]:
            assert {"400", "401", "429", "503"} <= each["responses"].keys()


def test_the_scopes_are_those_of_the_rules() -> None:
    for operation in OPERATIONS:
        described = DOCUMENT["paths"][operation.template][operation.method.lower()]
        assert [*operation.access.scopes] == [scope for each in described["security"] for scope in each["token"]]
        assert operation.is_open == (operation.access.place is Place.OPEN) == (not operation.rule.asks_who)


def test_the_words_that_a_list_can_be_narrowed_to_are_the_words_of_verdicts() -> None:
    assert set(get_args(WordAsked)) == {*VerdictWord, "none"}


def test_it_is_json_that_says_nothing_of_this_server() -> None:
    text = document_text(OPERATIONS)
    assert json.loads(text) == DOCUMENT
    assert "127.0.0.1" not in text
