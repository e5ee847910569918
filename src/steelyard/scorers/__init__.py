"""Scorers: pure functions of sample and model output, each with a versioned identifier.

``open_scorer`` opens one from a task file's specification; ``open_identifier`` opens the same one from a sealed plan,
so that anyone can recompute the scores.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from typing import Any, cast

from steelyard.errors import InputError
from steelyard.plugins import ReopenedScorer, Scorer, ShareScorer, find

__all__ = ["is_share", "open_identifier", "open_scorer", "scorer_named"]

_EXAMPLES = {"pattern": "Answer: (.*)"}
_IDENTIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?:\[(?P<options>.*)\])?@(?P<version>[0-9]+)", re.DOTALL)


def open_scorer(specification: Mapping[str, Any]) -> Scorer:
    """Open ``{name: …, option: …}``; raises InputError for an unknown name or option."""
    options = dict(specification)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InputError("a scorer needs a name, such as {name: exact}")
    kind = find("scorer", name)
    _check_options(name, kind, options)
    try:
        scorer: Scorer = kind(**options)
    except TypeError as error:
        raise InputError(f"scorer {name!r}: {error}") from None
    open_identifier(scorer.identifier)  # what cannot be opened from a sealed plan is not sealed
    return scorer


def _check_options(name: str, kind: Any, given: Mapping[str, Any]) -> None:
    """Raises InputError for an option that there is not, and for one that is needed: how it is written."""
    parameters = inspect.signature(kind).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return
    # ``former`` is for bundles that were sealed before: no choice of a user or of a task.
    options = [each.name for each in parameters if each.kind is not each.VAR_POSITIONAL and each.name != "former"]
    for option in given:
        if option not in options:
            has = f"it has {', '.join(options)}" if options else "it has none"
            raise InputError(f"scorer {name!r} has no option {option!r}: {has}")
    for each in parameters:
        if each.default is each.empty and each.name in options and each.name not in given:
            raise InputError(
                f"scorer {name!r} needs {each.name!r}: write {name}:{each.name}=…, such as "
                f"--scorer '{name}:{each.name}={_EXAMPLES.get(each.name, 'VALUE')}' "
                f"(in a task file: scorer: {{name: {name}, {each.name}: …}})"
            )


def scorer_named(text: str) -> Scorer:
    """Open what a user names: ``exact``, ``numeric:strict``, ``regex:pattern=answer (.*)``, or an identifier.

    Raises InputError for an unknown name or option.
    """
    if _IDENTIFIER.fullmatch(text):
        return open_identifier(text)
    name, _, option = text.partition(":")
    key, is_given, value = option.partition("=")
    return open_scorer({"name": name} | ({key: value if is_given else True} if option else {}))


def is_share(scorer: Scorer) -> bool:
    """Whether a scorer's values may lie between 0 and 1."""
    return isinstance(scorer, ShareScorer) and bool(scorer.gives_shares)


def open_identifier(identifier: str) -> Scorer:
    """Open a scorer from its identifier, such as ``choice[characters]@1``.

    Raises InputError where no installed scorer has exactly this identifier: another version scores differently.
    """
    parts = _IDENTIFIER.fullmatch(identifier)
    if parts is None:
        raise InputError(f"{identifier!r} is not the identifier of a scorer, such as numeric@7")
    kind = find("scorer", parts["name"])
    options = parts["options"]
    if options is not None and not issubclass(kind, ReopenedScorer):
        raise InputError(f"the scorer {parts['name']} has options in its identifier, and no from_options to read them")
    scorer: Scorer = kind() if options is None else kind.from_options(options)
    if scorer.identifier != identifier and hasattr(scorer, "former"):  # of a bundle that was sealed before
        scorer = dataclasses.replace(cast(Any, scorer), former=True)
    if scorer.identifier != identifier:
        raise InputError(
            f"this version of Steelyard has {scorer.identifier!r}, not {identifier!r}: use the version that sealed it"
        )
    return scorer
