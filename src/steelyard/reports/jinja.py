"""The templates of the pages: everything is escaped, and a missing variable is an error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from steelyard.reports import words
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["markup", "template"]


def template(name: str, package: str = "steelyard.reports") -> Template:
    """Load a page's template from a package, which may include those of the reports.

    ``shown`` is the filter for all text that others wrote.
    """
    return _environment(package).get_template(name)


@cache
def _environment(package: str) -> Environment:
    """One for each package: it compiles a template once."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("steelyard.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = one_line
    environment.filters["count"] = words.count
    environment.filters["counted"] = words.counted
    return environment


def markup(drawing: str) -> Any:
    """Mark an SVG drawing as safe: every text in it must be escaped already."""
    from markupsafe import Markup

    return Markup(drawing)  # noqa: S704 — our own SVG, whose texts vl-convert and vega.py have escaped
