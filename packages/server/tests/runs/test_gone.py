from __future__ import annotations

from steelyard.errors import SteelyardError
from steelyard_server.runs.gone import GoneError


def test_it_is_an_error_in_words() -> None:
    assert issubclass(GoneError, SteelyardError)
    assert str(GoneError("it was withdrawn")) == "it was withdrawn"
