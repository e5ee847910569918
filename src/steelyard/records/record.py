"""The base of every record."""

from __future__ import annotations

import msgspec

__all__ = ["Record"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every record: frozen, unknown fields refused (msgspec does not inherit ``kw_only``)."""
