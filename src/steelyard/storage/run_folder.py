"""The folder of a run: made when its plan is sealed, read again by resume, report and verify."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import without_defaults
from steelyard.records import SUBJECT, Plan
from steelyard.storage.local_settings import LocalSettings, read_local_settings, write_local_settings
from steelyard.storage.sealed_record import record_in
from steelyard.util.atomic_file import PARTIAL, whole_file, write_file

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.samples import Prepared

__all__ = ["RunFolder", "check_new_folder", "check_outside_runs", "place_and_role"]


def check_new_folder(path: Path, otherwise: str = "") -> None:
    """Raise InputError for what is there and no empty folder; ``otherwise`` says what else could be meant."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"is not an empty folder: choose another --out{otherwise}", where=path)


def check_outside_runs(path: Path) -> None:
    """Raise InputError for a folder inside that of a run, whose seal any further file would break."""
    for above in path.resolve().parents:
        if os.path.lexists(above / layout.PLAN):
            raise InputError("lies inside the folder of a run: choose another place", where=path)


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, opened once and passed on: where it is, and its plan as it was sealed.

    ``plan_sha256`` is the digest of the plan's payload, which the journal's header names; ``signers`` are the ids of
    the keys that signed the plan. Open it with :meth:`open` or :meth:`create`.
    """

    path: Path
    plan: Plan
    plan_sha256: str
    signers: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Read and check the sealed plan of a run.

        Raises InputError where there is none, VerificationError where it is not a plan. Its signature and the rest of
        the folder are not checked: :mod:`steelyard.evidence.verify` does that.
        """
        from steelyard.evidence.bundle import open_plan
        from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES

        if not (path / layout.PLAN).is_file():
            raise InputError(f"is not the folder of a run: there is no {layout.PLAN} in it", where=path)
        data = layout.read_bounded(path, layout.PLAN, MAX_ENVELOPE_BYTES)
        predicate, digest, signatures = open_plan(data, layout.PLAN)
        return cls(path, _plan_of(predicate), digest, tuple(signatures))

    @classmethod
    def create(
        cls,
        path: Path,
        plan: Plan,
        prepared: Mapping[str, Prepared],
        signer: KeySigner | None = None,
        local: LocalSettings | None = None,
        begin: Callable[[str], bytes] | None = None,
        pages: Mapping[str, bytes] | None = None,
    ) -> RunFolder:
        """Make the folder and seal the plan in it; ``local`` is noted outside it, for :meth:`local_settings`.

        ``begin`` gets the plan's SHA-256 right before the plan is written, when everything else is there, and gives the
        ledger of the key in which it begins. ``pages`` are the files of the plan's sources, by their names.

        Raises InputError for a folder that is not empty or cannot be written. Nothing is left half-written.
        """
        from steelyard.evidence.bundle import open_plan, seal_plan

        check_new_folder(path, ", or go on with it by steelyard resume")
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (path / layout.SAMPLES).mkdir(mode=0o700)
            for measurement in plan.measurements:
                if measurement.again:  # its samples are those of another
                    continue
                with whole_file(path / layout.samples_of(measurement.id)) as file:
                    file.writelines(f"{digest}\n".encode() for digest in prepared[measurement.id].digests)
            for name, page in (pages or {}).items():  # before the plan: without them no run with it verifies
                (path / layout.SOURCES).mkdir(mode=0o700, exist_ok=True)
                write_file(path / name, page)
            sealed = seal_plan(without_defaults(plan), signer)
            if begin is not None and (ledger := begin(open_plan(sealed, layout.PLAN)[1])):
                write_file(path / layout.LEDGER, ledger)
            write_file(path / layout.PLAN, sealed)
        except BaseException as error:
            _unmake(path, missing)
            if isinstance(error, OSError):
                raise InputError(f"cannot write here: {error.strerror}", where=path) from None
            raise
        run = cls.open(path)
        if local is not None:
            write_local_settings(run.plan_sha256, local)
        return run

    @property
    def is_sealed(self) -> bool:
        """Whether the run is finished: its seal is there."""
        return (self.path / layout.BUNDLE).exists()

    def local_settings(self) -> LocalSettings | None:
        """What this user noted on this machine when the run began; None where it began elsewhere."""
        return read_local_settings(self.plan_sha256)

    def check_own_files(self) -> None:
        """Raise VerificationError for a link or a folder that is no run's: whoever goes on would write through it.

        The folder of a run may come from a stranger: this is asked before anything in it is written or removed.
        """
        for _ in layout.run_files(self.path):
            pass

    def clear_partial(self) -> None:
        """Remove what a kill left half-written: files that were never renamed into place."""
        for folder in (self.path, self.path / layout.MEDIA):
            for path in folder.glob(f"*{PARTIAL}"):
                path.unlink()

    def sealing_key(self, signer: KeySigner | None, what_to_do: str) -> KeySigner | None:
        """The key that sealed the plan seals the run: any other would leave a bundle that does not verify.

        Raises InputError, which says ``what_to_do`` with that key, where ``signer`` is another. None: not signed.
        """
        if not self.signers:
            return None
        if signer is None or signer.public_key.keyid not in self.signers:
            raise InputError(
                f"the plan is signed by key {self.signers[0][:16]}…: {what_to_do} with that one (--key)",
                where=self.path,
            )
        return signer


def _unmake(run: Path, made: list[Path]) -> None:
    """Take back a folder that got no plan: neither a resume nor another run could do anything with it."""
    for name in (layout.SAMPLES, layout.SOURCES):
        shutil.rmtree(run / name, ignore_errors=True)
    for name in (layout.LEDGER, layout.PLAN):
        with suppress(OSError):
            (run / name).unlink()
    for folder in made:
        with suppress(OSError):  # not empty: somebody else's
            folder.rmdir()


def _plan_of(predicate: dict[str, Any]) -> Plan:
    """The plan of a sealed document; raises VerificationError where it is none."""
    plan = record_in(predicate, Plan, layout.PLAN, "plan")
    if SUBJECT not in plan.models:
        raise VerificationError(f"{layout.PLAN}: names no model in the role {SUBJECT}")
    names = [measurement.id for measurement in plan.measurements]
    for name in names:
        # It becomes a file name, and a plan may come from a stranger.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", name):
            raise VerificationError(f"{layout.PLAN}: {name[:80]!r} is not the id of a measurement")
    if len(set(names)) < len(names):
        raise VerificationError(f"{layout.PLAN}: two measurements have one id")
    return plan


def place_and_role(given: str) -> tuple[Path, str]:
    """The folder of ``RUN`` or ``RUN#ROLE``, and the role; a folder that is called like the whole comes first."""
    path, _, role = given.rpartition("#") if "#" in given and not Path(given).exists() else (given, "", "")
    return Path(path).expanduser(), role
