"""The body of a request as a record, where an operation takes JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records import Record
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard_server.web.call import Call

__all__ = ["body_of", "is_json"]

_Body = TypeVar("_Body", bound=Record)


def is_json(call: Call) -> bool:
    """Whether the body is said to be JSON; what is not is answered by 415."""
    return call.request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def body_of(body: bytes, kind: type[_Body], words: str) -> _Body:
    """Read it; raises InputError, naming the field, for what is none; ``words`` name it: *job*."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"the body is no {words}: {one_line(str(error), 300)}") from None
