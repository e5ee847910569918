"""What the scorer of a suite needs: the file that holds its schema, items with a document, answers that it compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.plugins import Scorer, TargetChecker
from steelyard.scorers import open_scorer
from steelyard.scorers.powers import has_power, name_of
from steelyard.tasks.definition import PromptFormat
from steelyard.tasks.loaders import beside
from steelyard.tasks.suite_file import SAMPLES, SUITE, SuiteFile, SuiteRows

__all__ = ["FREE", "checked_scorer", "reads_context", "with_schemas"]

FREE: Final = ("judged", "json_schema", "similarity")
"""The scorers of answers that are no short text: a question is asked as it stands."""
MAX_SCHEMA: Final = 200_000  # bytes


def with_schemas(file: SuiteFile, folder: Path) -> SuiteFile:
    """The same with the schemas in place of the names of their files; raises InputError with the file.

    So a suite's digest and its runs hold the schema itself.
    """
    prompts = {
        name: msgspec.structs.replace(each, scorer=_with_schema(each.scorer, folder))
        for name, each in file.prompts.items()
    }
    return msgspec.structs.replace(file, scorer=_with_schema(file.scorer, folder), prompts=prompts)


def _with_schema(scorer: dict[str, Any], folder: Path) -> dict[str, Any]:
    name = scorer.get("schema")
    if scorer.get("name") != "json_schema" or not isinstance(name, str):
        return scorer
    path = beside(folder / SUITE, name, "schema")
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_SCHEMA + 1)
        if len(data) > MAX_SCHEMA:
            raise InputError(f"larger than {MAX_SCHEMA:,} bytes: no schema of an answer", where=path)
        return scorer | {"schema": json.loads(data, object_pairs_hook=_once)}
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON ({' '.join(str(error).split())[:120]})", where=path) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a name twice")
    return found


def reads_context(scorer: dict[str, Any], prompts: dict[str, PromptFormat]) -> bool:
    """Whether a scorer of the suite reads the items' documents; raises InputError for one that cannot be opened."""
    named = [scorer, *(each.scorer for each in prompts.values() if each.scorer)]
    return any(has_power(open_scorer(each), "reads_context") for each in named)


def checked_scorer(specification: dict[str, Any], rows: SuiteRows, folder: Path) -> Scorer:
    """Open the suite's scorer; raises InputError, with file and line, for an item that it cannot score."""
    try:
        scorer = open_scorer(specification)
    except InputError as error:
        raise InputError(str(error), where=folder / SUITE) from None
    for place, name in enumerate(rows.ids):
        if name in rows.erased:
            continue
        item = rows.item(place)
        fault = scorer.target_fault(item.answer) if isinstance(scorer, TargetChecker) else ""
        if has_power(scorer, "reads_context") and not item.context.strip():
            raise InputError(
                f"has no context, which the scorer {name_of(scorer.identifier)} reads",
                where=folder / SAMPLES,
                line=rows.number_of(place),
            )
        if fault:
            raise InputError(f"answer {item.answer[:40]!r} {fault}", where=folder / SAMPLES, line=rows.number_of(place))
    return scorer
