"""The parameters of an address as a record: none that is not known, none twice, each within its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records import Record
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard_server.web.call import Call

__all__ = ["query_of"]

_Query = TypeVar("_Query", bound=Record)


def query_of(call: Call, kind: type[_Query]) -> _Query:
    """Read them; raises InputError, naming the parameter, for what the record does not take."""
    given = call.request.query_params.multi_items()
    found = dict(given)
    known = [each.name for each in msgspec.structs.fields(kind)]
    for name in found:
        if name not in known:
            raise InputError(f"there is no parameter {one_line(name, 60)!r}: there are {', '.join(known)}")
        if sum(each == name for each, _ in given) > 1:
            raise InputError(f"the parameter {name} is there twice: give it once")
    try:
        return msgspec.convert(found, type=kind, strict=False)
    except msgspec.ValidationError as error:
        problem, _, name = str(error).partition(" - at `$.")
        raise InputError(f"the parameter {name.rstrip('`')}: {one_line(problem, 300)}") from None
