"""How a page that is one file holds its data, style and script: escaped or packed, and named in the page's policy."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

__all__ = ["json_for_script", "packed", "policy_hash", "source"]

COMPRESSION: Final = 6  # gzip's level: 9 takes twice as long for 1 % less

_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def json_for_script(document: object) -> str:
    """JSON that can stand in a ``<script>``: nothing in it can end the element or open a comment."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def packed(document: object) -> bytes:
    """A document as JSON, compressed by gzip, in base64: one line. The same document gives the same line."""
    return b64encode(gzip.compress(json_for_script(document).encode(), COMPRESSION, mtime=0))


def source(name: str) -> str:
    """The text of a style or a script among the templates of the reports."""
    return (files("steelyard.reports") / "templates" / name).read_text("utf-8")


def policy_hash(text: str) -> str:
    """What a policy (CSP) names an inline script or style by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
