"""The name of a model as a sentence has it: short, and with its letter where it does not tell two apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from steelyard.util.text import one_line

__all__ = ["labels_of"]

_LONGEST: Final = 32
_LETTERED: Final = re.compile(r"\([A-Z]\)$")


def labels_of(models: Mapping[str, str]) -> dict[str, str]:
    """Labels by letter, of model names by letter; each label is one line without controls, and no two are the same.

    A name that another one has too, in any case and when both are shortened, gets its letter: ``small (B)``. So does a
    name that ends as if it had one.
    """
    short = {letter: one_line(name, _LONGEST) for letter, name in models.items()}
    times = Counter(name.casefold() for name in short.values())
    return {
        letter: f"{name} ({letter})" if times[name.casefold()] > 1 or _LETTERED.search(name) else name or letter
        for letter, name in short.items()
    }
