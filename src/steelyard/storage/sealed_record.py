"""A record out of a sealed statement: exactly as it was sealed, or refused."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.records.record import Record

__all__ = ["record_in"]

T = TypeVar("T", bound=Record)


def record_in(predicate: dict[str, Any], kind: type[T], where: str, what: str) -> T:
    """The record that a statement's predicate is; ``what`` names it in an error, such as ``plan``.

    Raises VerificationError, naming the file ``where``, for another record, and for one that spells out a default.
    """
    try:
        found = msgspec.convert(predicate, kind)
    except msgspec.ValidationError as error:
        raise VerificationError(f"{where}: not a {what} of this version of Steelyard: {error}") from None
    if without_defaults(found) != predicate:
        raise VerificationError(f"{where}: spells out a field that equals its default, which no sealed {what} does")
    return found
