"""A vendor's table as somebody pastes it, in whatever form it was found, to a claim sheet."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final

from steelyard.adapters.card_tables import tables_in
from steelyard.adapters.claims_file import check_model, read_claims
from steelyard.adapters.every_eval_ever import is_every_eval_ever
from steelyard.adapters.model_card import has_model_index
from steelyard.adapters.sheet_file import sheet_text
from steelyard.adapters.untrusted_json import parse
from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from steelyard.records import ClaimSheet

__all__ = ["MAX_CELLS", "MAX_CHARACTERS", "MAX_LINES", "read_pasted"]

MAX_CHARACTERS: Final = 200_000
MAX_LINES: Final = 2_500
MAX_CELLS: Final = 20_000
_KEY: Final = re.compile(r"^[\"']?\w+[\"']?[ \t]*:", re.MULTILINE)  # of a claim sheet
_SHEET: Final = re.compile(r"^[\"']?claims[\"']?[ \t]*:", re.MULTILINE)


def read_pasted(text: str, model: str = "", own_task: str = "") -> tuple[ClaimSheet, str]:
    """The sheet, and its text in YAML, of a claim sheet, a card's tables or its model-index, a CSV table or JSON.

    JSON is a file of Every Eval Ever. ``model`` says which one is meant, where a table has several;
    ``own_task`` is the id of a task of whoever pasted it, which a table may name. A claim sheet keeps its own text.
    Raises InputError for anything else, for results of another model than the one that is named, for what is larger
    than :data:`MAX_CHARACTERS` or has more lines or cells than a table of results, and as the readers do.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"a pasted sheet has {MAX_CHARACTERS:,} characters at most: paste the table alone")
    plain = text.replace("\r\n", "\n").removeprefix("\ufeff")
    _check_rows(plain)
    if not plain.strip():
        raise InputError("paste a table of results, or a claim sheet")
    with tempfile.TemporaryDirectory(prefix="steelyard-pasted-") as folder:
        path = Path(folder) / f"pasted{_ending(plain)}"
        try:
            path.write_text(plain, encoding="utf-8", newline="")
            return _read(path, plain, model, own_task)
        except UnicodeEncodeError:
            raise InputError("the text has characters that no file can hold: paste it again") from None
        except InputError as error:
            raise InputError(str(error).replace(f"{folder}/", "")) from None


def _check_rows(text: str) -> None:
    """Raise InputError for more than a table of results has, before anything is parsed: reading takes time by cells."""
    rows = max(text.count("\n"), text.count("\r"), text.lower().count("<tr"), text.count("{"))
    cells = sum(text.count(each) for each in ("|", ",", ";", "\t", "<t", "<T"))
    if rows > MAX_LINES or cells > MAX_CELLS:
        raise InputError(
            f"a pasted sheet has {MAX_LINES:,} lines and {MAX_CELLS:,} cells at most: paste the table alone, or use "
            "the command line, steelyard screen and steelyard audit"
        )


def _ending(text: str) -> str:
    """The ending of the file that the text would be, by which its readers tell formats apart."""
    if _SHEET.search(text):
        return ".yaml"
    if '"schema_version"' in text and text.lstrip().startswith("{") and is_every_eval_ever(parse(text, "pasted.json")):
        return ".json"
    if has_model_index(text):
        return ".md" if text.startswith("---") else ".yaml"
    if tables_in(text):
        return ".md"
    first = text.strip().partition("\n")[0]
    if first.startswith("{"):
        return ".yaml"
    if "\t" in first:
        return ".tsv"
    if "," in first or ";" in first:
        return ".csv"
    if not first.startswith("{") and not _KEY.search(text):
        raise InputError(
            "this is neither a table of results nor a claim sheet: a table has a line of names and a line for each "
            "benchmark, such as 'Benchmark,Our model' and 'GSM8K,81.2'"
        )
    return ".yaml"


def _read(path: Path, text: str, model: str, own_task: str) -> tuple[ClaimSheet, str]:
    if path.suffix == ".yaml" and (_SHEET.search(text) or not has_model_index(text)):
        sheet = read_sheet(path)
        check_model(sheet, model, path)
        return sheet, text
    found = read_claims(path, model, own_task=own_task)
    if found is None:
        raise InputError("is no file of results", where=path)
    return found, sheet_text(found, "Read from a table that was pasted")
