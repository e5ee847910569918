"""Results that somebody published, in whichever of our formats a file has, to a claim sheet: one way for all who ask.

The command line and the platform's page both read by :func:`read_claims`, so neither takes what the other refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from steelyard.adapters.card_file import read_card_tables
from steelyard.adapters.every_eval_ever import is_every_eval_ever, read_every_eval_ever
from steelyard.adapters.model_card import has_model_index, read_model_card
from steelyard.adapters.untrusted_json import read_bytes, read_json
from steelyard.claims.benchmarks import key_of
from steelyard.errors import InputError
from steelyard.records import ClaimSheet
from steelyard.util.text import one_line

__all__ = ["check_model", "read_claims"]

_SUFFIXES: Final = (".md", ".markdown", ".html", ".htm", ".csv", ".tsv", ".yaml", ".yml", ".json")


def read_claims(path: Path, model: str = "", tables: Sequence[int] = (), own_task: str = "") -> ClaimSheet | None:
    """The claim sheet of a model card, a CSV file or a file of Every Eval Ever; None for any other file or a folder.

    ``model`` is the one that is meant, ``tables`` are numbers of a card's tables, from 1, and ``own_task`` is the id of
    a task that is no benchmark. Raises InputError where the file is another model's, where ``tables`` are named and it
    has none, and as the readers do.
    """
    suffix = path.suffix.lower()
    if path.is_dir() or suffix not in _SUFFIXES:
        return None
    if suffix == ".json" and not is_every_eval_ever(read_json(path)):
        return None
    is_yaml = suffix in (".yaml", ".yml")
    has_index = suffix == ".md" and not tables and has_model_index(read_bytes(path).decode(errors="replace"))
    if not (suffix == ".json" or is_yaml or has_index):
        return read_card_tables(path, model, tables, own_task)
    if tables:
        raise InputError("--table applies to a card's tables, and these are none: leave it out", where=path)
    sheet = read_every_eval_ever(path) if suffix == ".json" else read_model_card(path)
    check_model(sheet, model, path)
    return sheet


def check_model(sheet: ClaimSheet, model: str, where: Path) -> None:
    """Raise InputError where ``model`` is named, and the sheet is another one's: its claims would accuse the wrong one.

    An organisation in front of the sheet's name, as in ``org/name``, may be left out.
    """
    names = {key_of(sheet.model), key_of(sheet.model.rpartition("/")[2])}
    if model and key_of(model) not in names:
        raise InputError(
            f"has the results of {one_line(sheet.model, 80)!r} alone, and {one_line(model, 80)!r} is named: leave the "
            "name out, or give that model's results",
            where=where,
        )
