"""A griffe extension for the site: docstrings' ``:class:`~a.b.C``` becomes a link of Markdown, ``::`` a colon."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc):`(~?)([\w.]+)`")
_LITERAL = re.compile(r"::(?=\n\n)")


def _link(match: re.Match[str]) -> str:
    short, target = match.groups()
    return f"`{target.rpartition('.')[2] if short else target}`"


class SphinxRoles(griffe.Extension):
    """Rewrites every docstring once, when its object has been read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Replace roles and literal-block markers."""
        if obj.docstring is not None:
            obj.docstring.value = _LITERAL.sub(":", _ROLE.sub(_link, obj.docstring.value))
