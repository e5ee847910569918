"""What a writer's model is asked: templates in a file for each language, chosen by the language of the passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from steelyard.records import SuiteItem
from steelyard.scorers.ifeval.texts import language_of
from steelyard.tasks.template import Template
from steelyard.util.yaml_tree import Branch, Leaf, read_tree

__all__ = ["LANGUAGES", "alone", "solve", "solve_in_steps", "twin", "with_span", "write"]

LANGUAGES: Final = ("en", "de")  # of the prompts; questions are written in the language of the passage


def write(passage: str, count: int) -> str:
    """Ask for ``count`` questions that a passage answers."""
    return _templates(_language(passage))["write"].render({"passage": passage, "count": count})


def with_span(question: str, span: str) -> str:
    """Ask a question with the span that is said to hold its answer."""
    return _templates(_language(span + "\n" + question))["with_span"].render({"question": question, "span": span})


def alone(question: str) -> str:
    """Ask a question without any document."""
    return _templates(_language(question))["alone"].render({"question": question})


def twin(item: SuiteItem, labels: Sequence[str] = ()) -> str:
    """Ask for another question that tests the same as an item; ``labels`` are what every answer is one of."""
    values = _shown(item, item.choices) | {"answer": item.answer, "labels": " | ".join(labels)}
    return _templates(_language(item.question))["twin"].render(values)


def solve(item: SuiteItem, labels: Sequence[str] = ()) -> str:
    """Ask for an item's answer alone."""
    return _templates(_language(item.question))["solve"].render(_shown(item, item.choices or labels))


def solve_in_steps(item: SuiteItem, labels: Sequence[str] = ()) -> str:
    """Ask for an item's answer after its steps."""
    return _templates(_language(item.question))["solve_in_steps"].render(_shown(item, item.choices or labels))


def _shown(item: SuiteItem, options: Sequence[str]) -> dict[str, str]:
    listed = "\n".join(f"- {each}" for each in options)
    return {"question": item.question, "context": item.context, "options": listed}


def _language(text: str) -> str:
    found = language_of(text)
    return found if found in LANGUAGES else LANGUAGES[0]


@cache
def _templates(language: str) -> Mapping[str, Template]:
    name = f"prompts_{language}.yaml"
    tree = read_tree(files("steelyard.suites.writers").joinpath(name).read_text("utf-8"), name)
    assert isinstance(tree, Branch)
    return {key: Template(node.text, f"{name}: {key}") for key, node in tree.entries.items() if isinstance(node, Leaf)}
