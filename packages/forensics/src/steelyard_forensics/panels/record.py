"""The records of a panel and of a test that was run over finished runs. Shares are fractions."""

from __future__ import annotations

import msgspec

from steelyard.errors import ExitCode
from steelyard.records import DetectorResult, VerdictWord
from steelyard.records.record import Record

__all__ = ["Detection", "LeftOut", "PanelEntry", "PanelNamed", "ReadRun", "Side"]


class Side(Record, frozen=True, kw_only=True):
    """One measurement of a run, as far as another model can have been asked the same: who answered is not in it.

    ``items`` is the digest of what the samples ask, ``samples_root`` that of the samples with every word around them,
    with what is right and with the limit of an answer; ``scorer`` is the first of the measurement's. ``differences``
    are the measurement's, without those that other fields say and those on its own scores.
    """

    task: str
    items: str
    samples_root: str = ""
    scorer: str
    prompt: str
    shots: int = 0
    chat: bool = False
    kind: str
    decoding: str
    temperature: float = 0.0
    output_budget: int | None = None
    budget_stated: bool = False
    reasoning_effort: str = ""
    repeats: int = 1
    samples: int
    differences: tuple[str, ...] = ()


class PanelEntry(Record, frozen=True, kw_only=True):
    """One sealed run of a panel, as ``panel.yaml`` lists it.

    ``name`` is its folder's, the first 16 digits of ``bundle``, the SHA-256 of its seal. ``model`` is the model's name,
    ``subject`` its weights or its address (:func:`steelyard.planning.questions.subject_of`). ``answers`` is the root
    over its answers, ``date`` when its plan was made, ``origin`` what made it. ``asked`` has the digest of each
    :class:`Side` with the task's name.
    """

    name: str
    family: str
    model: str
    subject: str
    bundle: str
    answers: str
    date: str
    origin: str
    asked: dict[str, str]


class ReadRun(Record, frozen=True, kw_only=True):
    """A run that a test read: where its extract is, the extract's SHA-256, and the sides, by measurement.

    ``family`` is empty for a run of the tested model.
    """

    extract: str
    sha256: str
    family: str = ""
    model: str
    subject: str
    bundle: str
    answers: str
    date: str
    origin: str
    sides: dict[str, Side]


class LeftOut(Record, frozen=True, kw_only=True):
    """A run of the panel that was not read, with the reason."""

    name: str
    family: str
    reason: str


class PanelNamed(Record, frozen=True, kw_only=True):
    """The panel that was used: its name, the SHA-256 of its ``panel.yaml``, and how many runs and families that has."""

    name: str
    sha256: str
    runs: int
    families: int


class Detection(Record, frozen=True, kw_only=True):
    """A test over finished runs: what it read, under which settings, and what it came to.

    It has a level of its own (``alpha``), which no other test shares. ``made`` is the time by the clock of whoever ran
    it, ``signer`` the public key that signed it; empty: not signed. The interval of the result's effect is that of α,
    each end one-sided.
    """

    format: str
    rule: str
    software: str
    made: str
    alpha: float
    settings: dict[str, str]
    tested: tuple[ReadRun, ...]
    panel: PanelNamed
    read: tuple[ReadRun, ...] = ()
    left_out: tuple[LeftOut, ...] = msgspec.field(default_factory=tuple)
    result: DetectorResult
    signer: str = ""

    @property
    def exit(self) -> ExitCode:
        """1 where the result is *inconsistent*, 0 where it is *consistent*, else 3: it was asked for by name."""
        codes = {VerdictWord.INCONSISTENT: ExitCode.INCONSISTENT, VerdictWord.CONSISTENT: ExitCode.CONSISTENT}
        return codes.get(self.result.word, ExitCode.UNDECIDED)
