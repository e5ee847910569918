"""Published outputs held against weights, as ``steelyard detect published_outputs`` does it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, VerificationError
from steelyard.records import REFERENCE

if TYPE_CHECKING:
    from steelyard.comparison.published import PublishedOutputs, PublishedRow
    from steelyard.comparison.published_seal import SealedOutputs

__all__ = ["OUTPUTS", "published_outputs", "reference_of", "verify_outputs"]

OUTPUTS: Final = 100  # of each benchmark, at most

_CONTEXT: Final = 8192
_SHARE_APART: Final = 0.15  # of an output's tokens: a few of ten
_MEAN_APART: Final = 0.01
_READ_APART: Final = 5  # outputs: a word may be decided a little earlier or later


def published_outputs(
    run: str | Path,
    reference: str,
    *,
    limit: int = OUTPUTS,
    progress: Callable[[str, int, int], None] = lambda task, read, of: None,
) -> PublishedOutputs:
    """Hold the outputs of a run, mostly a vendor's imported log, against weights on this machine.

    Args:
        run: the folder of a sealed run with its texts.
        reference: ``gguf:PATH`` or ``embedded:smollm2``.
        limit: how many outputs of each benchmark are read at most.
        progress: is told the benchmark, how many of its outputs were looked at, and how many may be.

    Returns:
        A frozen record with a row for each benchmark; the same for whoever has the run and the weights.

    Raises:
        SteelyardError: InputError for a run without texts and for what is no GGUF file, VerificationError for a broken
            bundle, MissingDependency without llama.cpp.
    """
    from steelyard.comparison.published import published_outputs as hold
    from steelyard.evidence.verify import verify_integrity
    from steelyard.models import Settings
    from steelyard.models.embedded import threads_to_use
    from steelyard.models.embedded_file import sha256_of_file
    from steelyard.models.llama import Llama, backend_version, check_installed
    from steelyard.models.requantise import source_file
    from steelyard.models.transcripts import TranscriptReader
    from steelyard.records import ModelIdentity
    from steelyard.storage.run_folder import RunFolder

    if limit < 1:
        raise InputError(f"--limit {limit}: at least one output of each benchmark is read")
    path = Path(run)
    opened = RunFolder.open(path)
    if not opened.is_sealed:
        raise InputError("is not finished: published outputs are those of a sealed run", where=path)
    integrity = verify_integrity(path)
    file = source_file(reference, "reference")
    check_installed(reference)
    identity = ModelIdentity(
        uri=reference if reference.startswith("embedded:") else f"gguf:{file.name}",
        sha256=sha256_of_file(file),
        backend=backend_version(),
    )
    llama = Llama(file, threads=threads_to_use(Settings()), context_limit=_CONTEXT)
    try:
        return hold(opened, integrity.answers_root, identity, TranscriptReader(llama).share, limit, progress)
    finally:
        llama.close()


def reference_of(given: str) -> str:
    """The URI in ``reference=URI``, as other commands name a model in a role; raises InputError for another role."""
    role, equals, uri = given.partition("=")
    if not equals or role != REFERENCE or not uri:
        raise InputError(f"--model {given[:60]!r}: name the weights as {REFERENCE}=gguf:PATH")
    return uri


def verify_outputs(
    path: Path, require_key: Path | None = None, run: Path | None = None, reference: str = ""
) -> SealedOutputs:
    """Verify a sealed result offline; with ``run`` and ``reference`` the share of each output is computed again.

    Raises VerificationError naming the first thing that does not hold. Another processor or build of llama.cpp gives
    other last bits: the share of an output may then differ by a token or two, and the mean of a benchmark by a
    hundredth; more than that is refused.
    """
    from steelyard.comparison.published_seal import open_outputs

    opened = open_outputs(path, require_key)
    if run is None or not reference:
        return opened
    limit = max((row.planned for row in opened.outputs.rows), default=1)
    again = published_outputs(run, reference, limit=max(limit, 1))
    sealed = opened.outputs
    if again.answers_root != sealed.answers_root:
        raise VerificationError(f"{run}: is another run than the one that was held against the weights")
    if again.reference.sha256 != sealed.reference.sha256:
        raise VerificationError(f"{reference}: are other weights than those that the result names")
    for new, old in zip(again.rows, sealed.rows, strict=False):
        _check_row(new, old)
    if len(again.rows) != len(sealed.rows):
        raise VerificationError(f"{path}: has other benchmarks than the run")
    return opened


def _check_row(new: PublishedRow, old: PublishedRow) -> None:
    """Raise VerificationError where a benchmark was read otherwise than its run and the weights give."""
    if (new.measurement, new.task, new.chat, new.texts, new.untestable) != (
        old.measurement,
        old.task,
        old.chat,
        old.texts,
        old.untestable,
    ):
        raise VerificationError(f"{old.task[:80]!r} is another benchmark in the run than in the result")
    for (sample, share), (named, sealed) in zip(new.samples, old.samples, strict=False):
        if sample != named:
            raise VerificationError(f"{old.task[:80]!r}: {named[:80]!r} is not the output that comes next in the order")
        if abs(share - sealed) > _SHARE_APART:
            raise VerificationError(f"{named[:80]!r}: a share of {sealed:g} is sealed, and it is {share:g} here")
    both = list(zip(new.samples, old.samples, strict=False))
    if both and abs(math.fsum(share - sealed for (_, share), (_, sealed) in both)) / len(both) > _MEAN_APART:
        raise VerificationError(f"{old.task[:80]!r}: the mean of its shares is another one here")
    if abs(len(new.samples) - len(old.samples)) > _READ_APART:
        raise VerificationError(f"{old.task[:80]!r}: {len(old.samples)} outputs are read, and {len(new.samples)} here")
