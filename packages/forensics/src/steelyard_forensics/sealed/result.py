"""The one form of a sealed result of ``steelyard detect``: what its statement says beside the result itself.

Each result is a field of its own record, beside the format, the software that wrote it and the key that signed it. What
a result must be, and that it follows from what it holds, is its own module's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from steelyard.errors import VerificationError
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.signed import signed_by
from steelyard.records.record import Record
from steelyard.storage.sealed_record import record_in
from steelyard_forensics.sealed.reading import read_statement, seal_statement

__all__ = ["OpenedResult", "ResultSeal", "SealedResult", "check_follows"]

Found = TypeVar("Found", bound=Record)
Part = TypeVar("Part")


class SealedResult(Record, frozen=True, kw_only=True):
    """What every statement holds; ``signer`` is the public key that signed it, empty where none did."""

    format: str
    software: str
    signer: str = ""


class OpenedResult(NamedTuple, Generic[Found]):
    """A result whose signature holds; ``signer`` is the key that the statement names."""

    found: Found
    signer: str
    signed_by: str
    trusted: bool


@dataclass(frozen=True)
class ResultSeal(Generic[Found]):
    """How one kind of result is sealed: its file and format, its record and the field in it, and what it is about."""

    file: str
    kind: str
    format: str
    record: type[SealedResult]
    field: str
    subjects: Callable[[Found], Mapping[str, str]]

    def seal(self, path: Path, found: Found, signer: KeySigner | None) -> None:
        """Write the folder. Raises InputError where there is something already, or it cannot be written."""
        from steelyard.util.software import software

        public = "" if signer is None else signer.public_key.keyval["public"]
        fields: dict[str, Any] = {"format": self.format, "software": software(), self.field: found, "signer": public}
        seal_statement(path, self.file, self.kind, self.record(**fields), self.subjects(found), signer)

    def open(self, path: Path, require_key: Path | None) -> OpenedResult[Found]:
        """Read a folder, and check its form, its signature and what it is about.

        Raises VerificationError naming the first thing that does not hold, InputError where this is no such folder.
        """
        document = read_statement(path, self.file)
        if document.kind != self.kind or document.predicate.get("format") != self.format:
            raise VerificationError(f"{self.file}: not a result of format {self.format}, which this version reads")
        sealed = record_in(document.predicate, self.record, self.file, "result")
        found: Found = getattr(sealed, self.field)
        keyid, trusted = signed_by(document.envelope, sealed.signer, self.file, require_key)
        if document.subjects != self.subjects(found):
            raise VerificationError(f"{self.file}: is about other answers or another reference than it says")
        return OpenedResult(found, sealed.signer, keyid, trusted)


def check_follows(file: str, sealed: Part, again: Callable[[], Part], of: Callable[[Part], str]) -> None:
    """Raise VerificationError where what is computed again is refused, or is not what was sealed; ``of`` names that."""
    try:
        found = again()
    except ValueError as error:
        raise VerificationError(f"{file}: is what no reading gives: {error}") from None
    if found != sealed:
        raise VerificationError(f"{file}: {of(found)}")
