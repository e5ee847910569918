"""Published outputs held against weights, as ``steelyard detect published_outputs`` does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, VerificationError
from steelyard.records import REFERENCE

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard.records import ModelIdentity
    from steelyard.storage.run_folder import RunFolder
    from steelyard_forensics.published.outputs import PublishedOutputs
    from steelyard_forensics.published.seal import SealedOutputs
    from steelyard_forensics.sealed.rows import PublishedRow, Reading

__all__ = ["OUTPUTS", "published_outputs", "reference_of", "sealed_answers", "verify_outputs"]

OUTPUTS: Final = 200  # of each benchmark, at most

_CONTEXT: Final = 8192
_SHARE_APART: Final = 0.35  # of an output's tokens: two of six
_SURPRISE_APART: Final = 0.05  # of a drawn output: last bits move each of its tokens, and little
_GAIN_APART: Final = 3.0  # nats
_MEAN_APART: Final = 0.01
_NEAR: Final = 3.0  # p-values that differ by less may fall on either side of a level

Progress = Callable[[str, int, int], None]


def published_outputs(
    run: str | Path,
    reference: str,
    *,
    limit: int = OUTPUTS,
    signer: KeySigner | None = None,
    progress: Progress = lambda task, read, of: None,
) -> PublishedOutputs:
    """Hold the outputs of a run, mostly a vendor's imported log, against weights on this machine.

    Args:
        run: the folder of a sealed run with its texts.
        reference: ``gguf:PATH`` or ``embedded:smollm2``.
        limit: how many outputs of each benchmark are read at most.
        signer: the key that fixes the order in which outputs are read; without one it is drawn.
        progress: is told the benchmark, how many of its outputs were looked at, and how many may be.

    Returns:
        A frozen record with a row for each benchmark; the same for whoever has the run and the weights.

    Raises:
        SteelyardError: InputError for a run without texts and for what is no GGUF file, VerificationError for a broken
            bundle, MissingDependency without llama.cpp.
    """
    from steelyard.models.embedded_file import sha256_of_file
    from steelyard.models.requantise import source_file
    from steelyard_forensics.sealed.reading import drawn_reading

    if limit < 1:
        raise InputError(f"--limit {limit}: at least one output of each benchmark is read")
    opened, answers_root = sealed_answers(Path(run))
    weights = sha256_of_file(source_file(reference, "reference"))
    reading = drawn_reading(signer, answers_root, weights)
    return _held(opened, answers_root, reference, reading, limit, progress)


def sealed_answers(path: Path) -> tuple[RunFolder, str]:
    """A finished run whose seal holds, and the root over its answers; raises InputError for one that has no seal."""
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.run_folder import RunFolder

    opened = RunFolder.open(path)
    if not opened.is_sealed:
        raise InputError(
            "is not finished: go on with it by steelyard resume, since the texts of sealed runs alone are read",
            where=path,
        )
    return opened, verify_integrity(path).answers_root


def _held(
    run: RunFolder, answers_root: str, reference: str, reading: Reading, limit: int, progress: Progress
) -> PublishedOutputs:
    """Load the weights with their requantisations, and read."""
    from steelyard.models import Settings
    from steelyard.models.in_process import threads_to_use
    from steelyard.models.llama import Llama, backend_version, check_installed
    from steelyard.models.requantisations import Requantisations
    from steelyard.models.requantise import source_file
    from steelyard.records import ModelIdentity
    from steelyard_forensics.identity.surprises import SurpriseReader
    from steelyard_forensics.identity.transcripts import TranscriptReader
    from steelyard_forensics.published.bets import REQUANTISED
    from steelyard_forensics.published.outputs import OutputReader
    from steelyard_forensics.published.outputs import published_outputs as hold

    check_installed(reference)
    path = source_file(reference, "reference")
    files = Requantisations(path)
    made = {kind: files.file(kind) for kind in REQUANTISED}
    identity = ModelIdentity(
        uri=reference if reference.startswith("embedded:") else f"gguf:{path.name}",
        sha256=files.sha256,
        backend=backend_version(),
        details={kind: digest for kind, (_, digest) in made.items()},
    )
    loaded: list[Llama] = []
    try:
        for each in (path, *(made[kind][0] for kind in REQUANTISED)):
            loaded.append(Llama(each, threads=threads_to_use(Settings()), context_limit=_CONTEXT))
        reader = TranscriptReader(loaded[0], dict(zip(REQUANTISED, loaded[1:], strict=True)))
        both = OutputReader(reader.shares, SurpriseReader(reader).surprise)
        return hold(run, answers_root, identity, reading, both, limit, progress)
    finally:
        for llama in loaded:
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
    """Verify a sealed result offline; with ``run`` and ``reference`` all of it is computed again.

    Raises VerificationError naming the first thing that does not hold. Another processor or build of llama.cpp gives
    other last bits: the share of an output may then differ by a token or two, the mean of a benchmark by a hundredth,
    and a word only where its p-value stands at its level: all else is refused.
    """
    from steelyard_forensics.published.seal import open_outputs

    opened = open_outputs(path, require_key)
    if run is None or not reference:
        return opened
    sealed = opened.outputs
    folder, answers_root = sealed_answers(run)
    if answers_root != sealed.answers_root:
        raise VerificationError(f"{run}: is another run than the one that was held against the weights")
    limit = max((row.planned for row in sealed.rows), default=1)
    again = _held(folder, answers_root, reference, sealed.reading, max(limit, 1), lambda task, read, of: None)
    _check_same_weights(again.reference, sealed.reference, reference)
    if (again.model, again.harness) != (sealed.model, sealed.harness) or len(again.rows) != len(sealed.rows):
        raise VerificationError(f"{path}: has another model, harness or other benchmarks than the run")
    for new, old in zip(again.rows, sealed.rows, strict=True):
        _check_row(new, old)
    return opened


def _check_same_weights(here: ModelIdentity, sealed: ModelIdentity, reference: str) -> None:
    if here.sha256 != sealed.sha256:
        raise VerificationError(f"{reference}: are other weights than those that the result names")
    if here.details != sealed.details:
        raise InputError(
            f"{here.backend} makes other requantisations than those of the result: use the version that it used, "
            f"{sealed.backend}"
        )


def _check_row(new: PublishedRow, old: PublishedRow) -> None:
    """Raise VerificationError where a benchmark was read otherwise than its run and the weights give."""
    fixed = ("measurement", "task", "chat", "texts", "held", "planned", "untestable", "temperature")
    for name in fixed:
        if getattr(new, name) != getattr(old, name):
            raise VerificationError(f"{old.task[:80]!r}: {name} is not that of the run")
    apart = _greedy_apart(new, old) if old.samples else _drawn_apart(new, old)
    if apart and abs(sum(apart)) / len(apart) > _MEAN_APART:
        raise VerificationError(f"{old.task[:80]!r}: the mean of its shares is another one here")
    if (new.word, new.looked_at) != (old.word, old.looked_at) and not _is_near(new, old):
        raise VerificationError(
            f"{old.task[:80]!r}: by this run and these weights it is {new.word.words} after {new.read:,} outputs "
            f"(p {new.p or 1:.2g}), and sealed is {old.word.words} after {old.read:,} (p {old.p or 1:.2g})"
        )


def _greedy_apart(new: PublishedRow, old: PublishedRow) -> list[float]:
    """How far the shares of own tokens lie apart, output by output."""
    apart = []
    for here, sealed in zip(new.samples, old.samples, strict=False):
        _check_same_sample(here.sample, sealed.sample, old)
        if here.others.keys() != sealed.others.keys():
            raise VerificationError(f"{sealed.sample[:80]!r}: could be read on one side alone")
        for mine, theirs in ((here.own, sealed.own), (here.whole, sealed.whole)):
            _check_near(sealed.sample, "a share", mine, theirs, _SHARE_APART)
        for name, mine in here.others.items():
            _check_near(sealed.sample, "a share", mine, sealed.others[name], _SHARE_APART)
        apart.append((here.own or 0.0) - (sealed.own or 0.0))
    return apart


def _drawn_apart(new: PublishedRow, old: PublishedRow) -> list[float]:
    """How far the surprises lie apart, output by output."""
    apart = []
    for here, sealed in zip(new.drawn, old.drawn, strict=False):
        _check_same_sample(here.sample, sealed.sample, old)
        if (here.tokens, here.gains.keys()) != (sealed.tokens, sealed.gains.keys()):
            raise VerificationError(f"{sealed.sample[:80]!r}: has another number of tokens than is sealed")
        _check_near(sealed.sample, "a surprise", here.surprise, sealed.surprise, _SURPRISE_APART)
        for name, mine in here.gains.items():
            _check_near(sealed.sample, f"a gain of {name}", mine, sealed.gains[name], _GAIN_APART)
        apart.append((here.surprise or 0.0) - (sealed.surprise or 0.0))
    return apart


def _check_same_sample(here: str, sealed: str, row: PublishedRow) -> None:
    if here != sealed:
        raise VerificationError(f"{row.task[:80]!r}: {sealed[:80]!r} is not what comes next in its order")


def _check_near(sample: str, what: str, here: float | None, sealed: float | None, apart: float) -> None:
    if (here is None) != (sealed is None) or abs((here or 0.0) - (sealed or 0.0)) > apart:
        raise VerificationError(f"{sample[:80]!r}: {what} of {sealed} is sealed, and it is {here} here")


def _is_near(new: PublishedRow, old: PublishedRow) -> bool:
    """Whether a word may fall on either side of its level, and both do so for other last bits alone."""
    length = min(new.looked_at, old.looked_at)
    differ = (new.samples[:length], new.drawn[:length]) != (old.samples[:length], old.drawn[:length])
    near = new.p is not None and old.p is not None and max(new.p, old.p) <= _NEAR * min(new.p, old.p)
    return differ and near and abs(new.looked_at - old.looked_at) <= 2
