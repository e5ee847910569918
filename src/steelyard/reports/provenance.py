"""Where a run comes from, for a page outside its folder: its id, its seal, who signed it and when it was sealed."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.records import Verdict
from steelyard.util.text import one_line

_LONGEST_PATH: Final = 110  # characters; longer ones break the summary's sheet

__all__ = ["Provenance", "check_sealed_report", "provenance_of"]


@dataclass(frozen=True)
class Provenance:
    """What a page says of a run beside its verdict.

    ``run`` is the beginning of the sealed plan's digest, and ``folder`` the folder as commands name it, from the folder
    where this one runs. ``root`` is the Merkle root
    that ``steelyard verify`` prints; it is empty for a run that is not sealed, as are the others.
    """

    run: str
    folder: str
    root: str = ""
    signed_by: str = ""
    sealed_at: datetime | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether the run is finished and sealed."""
        return bool(self.root)


def provenance_of(run: Path, plan_sha256: str) -> Provenance:
    """The provenance of a run, whose seal and every sealed byte are checked.

    Raises VerificationError, naming the first check that fails, where the run was changed since it was sealed.
    """
    from steelyard.evidence.verify import verify_integrity

    name, folder = plan_sha256[:16], _named_from_here(run)
    if not (run / layout.BUNDLE).exists():
        return Provenance(name, folder)
    integrity = verify_integrity(run)
    return Provenance(name, folder, integrity.root[:16], integrity.signed_by[:16], _sealed_at(run))


def _named_from_here(run: Path) -> str:
    """The folder's path for a command: relative where it lies below the current folder."""
    try:
        path = str(run.resolve().relative_to(Path.cwd()))
    except ValueError:
        path = str(run)
    if one_line(path, _LONGEST_PATH) != path:
        return "RUN"  # a name that no reader could copy
    return f"./{path}" if path.startswith("-") else path


def _sealed_at(run: Path) -> datetime | None:
    """The time of the last checkpoint; those of a sealed run were checked before."""
    path = run / layout.CHECKPOINTS
    lines = path.read_bytes().splitlines() if path.is_file() else []
    return datetime.fromtimestamp(json.loads(lines[-1])["at_us"] / 1e6, UTC) if lines else None


def check_sealed_report(run: Path, verdict: Verdict) -> None:
    """Raise VerificationError where the sealed report says something else than the verdict that was computed again."""
    from steelyard.reports import machine

    if machine.sealed_report(run) != json.loads(json.dumps(machine.render(verdict))):
        raise VerificationError(
            f"{layout.REPORT}: not what follows from the journal: "
            f"steelyard verify {shlex.quote(str(run))} says where they differ"
        )
