"""What calls from Python return: small frozen objects that show themselves in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import ExitCode
from steelyard.records import ChoiceVerdict, ClaimVerdict, Finding, MeasurementResult, Note, Verdict, VerdictWord

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.auditing.answers import Answer
    from steelyard.evidence.verify import Integrity
    from steelyard.verification.recompute import Recomputed

__all__ = ["RunResult", "ScreenResult", "VerifyResult", "verified"]


@dataclass(frozen=True, repr=False)
class ScreenResult:
    """What the desk screen shows of a claim sheet, by arithmetic alone.

    ``verdict`` is the whole report. *Findings* have no honest explanation; *notes* prove nothing by themselves.
    """

    verdict: Verdict

    @property
    def claims(self) -> tuple[ClaimVerdict, ...]:
        """The verdict on each claim, in the sheet's order."""
        return self.verdict.claims

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What detectors found."""
        return self.verdict.findings

    @property
    def notes(self) -> tuple[Note, ...]:
        """Remarks that prove nothing by themselves."""
        return self.verdict.notes

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that the command would return; 0 where all that was planned is consistent."""
        return ExitCode(self.verdict.exit)

    def __repr__(self) -> str:
        from steelyard.reports.headlines import only_measures
        from steelyard.reports.words import counted

        words = "measured" if only_measures(self.verdict) else self.verdict.verdict.words
        parts = [words, *self._counts(), counted(len(self.findings), "finding")]
        return f"<{type(self).__name__} {', '.join(parts)}, exit code {int(self.exit_code)}>"

    def _counts(self) -> list[str]:
        from steelyard.reports.words import counted

        return [counted(len(self.claims), "claim")]

    def _repr_html_(self) -> str:
        """One table for notebooks: escaped, without a script, a style or anything that is fetched."""
        from steelyard.reports.headlines import headline
        from steelyard.reports.words import claim_words, counted, remark

        rows = [claim_words(claim) for claim in self.claims]
        cells = [(w.task, w.claimed, w.measured, w.interval, w.asked, w.full) for w in rows]
        parts = [_paragraph(headline(self.verdict))]
        if cells:
            parts.append(_table(("Task", "Claimed", "Measured", "95 % interval", "Asked", "Verdict"), cells))
        parts += [_paragraph(f"Finding: {remark(finding)}") for finding in self.findings[:_REMARKS_SHOWN]]
        if len(self.findings) > _REMARKS_SHOWN:
            parts.append(_paragraph(f"… and {counted(len(self.findings) - _REMARKS_SHOWN, 'more finding')}"))
        return "".join(parts)


@dataclass(frozen=True, repr=False)
class RunResult(ScreenResult):
    """What an audit or a run came to.

    ``folder`` is the run's folder: journal, report and seal, for ``steelyard.verify``. It is never deleted.
    """

    folder: Path

    @property
    def measurements(self) -> tuple[MeasurementResult, ...]:
        """What was measured, one for each measurement and scorer, with its interval; proportions are fractions."""
        return self.verdict.measurements

    @property
    def choice(self) -> ChoiceVerdict | None:
        """What ``steelyard.choose`` came to: the chosen role and each candidate's standing; None of another run."""
        return next((each.choice for each in self.verdict.results if each.choice is not None), None)

    @property
    def answers(self) -> list[Answer]:
        """All answers, as :func:`steelyard.show` gives them; read from the folder at each call."""
        from steelyard.auditing.answers import answers_of
        from steelyard.storage.run_folder import RunFolder

        return [*answers_of(RunFolder.open(self.folder))]

    def __repr__(self) -> str:
        from steelyard.util.text import one_line

        return f"{super().__repr__()[:-1]}, folder {one_line(str(self.folder), 200)}>"

    def _counts(self) -> list[str]:
        from steelyard.reports.choices import choices_of
        from steelyard.reports.choices import headline as choice_headline
        from steelyard.reports.gates import gate_words, gates_of
        from steelyard.reports.measured import measured_words
        from steelyard.reports.words import counted

        if self.claims:
            return super()._counts()
        if choices_of(self.verdict):
            return [choice_headline(self.verdict)]
        if found := gates_of(self.verdict):
            return [gate_words(each, self.verdict).sentence for each in found[:3]]
        words = [measured_words(result) for result in self.measurements]
        shown = [f"{word.task} {word.measured} ({word.interval})" for word in words[:3]]
        return shown + ([f"{counted(len(words) - 3, 'more measurement')}"] if len(words) > 3 else [])

    def _repr_html_(self) -> str:
        """As that of a screen, with what was measured beside the claims and the folder."""
        from steelyard.reports.measured import measured_words, only_measured
        from steelyard.util.text import one_line

        rows = [measured_words(result) for result in only_measured(self.verdict)]
        cells = [(w.task, w.prompt, w.measured, w.interval, w.asked, w.detail) for w in rows]
        parts = [super()._repr_html_()]
        if cells:
            parts.append(_table(("Task", "Prompt format", "Measured", "95 % interval", "Asked", "Detail"), cells))
        return "".join((*parts, _paragraph(f"Folder: {one_line(str(self.folder), 400)}")))


@dataclass(frozen=True, repr=False)
class VerifyResult:
    """A bundle that holds: nothing was changed since its seal, and its verdict follows from its journal.

    What does not hold raises :class:`~steelyard.VerificationError`, so ``holds`` is always true.
    ``integrity`` and ``recomputed`` give the details. ``stamp_wanted``: roots of time stamp authorities were given.
    """

    integrity: Integrity
    recomputed: Recomputed
    folder: Path
    stamp_wanted: bool = False

    @property
    def holds(self) -> bool:
        """True: a bundle that does not hold gives no result."""
        return True

    @property
    def verdict(self) -> VerdictWord:
        """The recomputed verdict of the whole report."""
        return self.recomputed.verdict.verdict

    @property
    def signed_by(self) -> str:
        """The id of the key that signed the seal; empty where it is not signed."""
        return self.integrity.signed_by

    @property
    def not_recomputed(self) -> tuple[str, ...]:
        """The tests whose detector is not installed here: their sealed results were not recomputed."""
        return self.recomputed.verdict.not_recomputed

    @property
    def exit_code(self) -> ExitCode:
        """3 where something was not checked, else 0, as ``steelyard verify`` returns.

        That is a test that was not recomputed, pages that were not compared, images that were not drawn again, and no
        time stamp where roots were given.
        """
        undecided = self.not_recomputed or self.pages_not_compared or self.recomputed.other_drawers or self.is_undated
        return ExitCode.UNDECIDED if undecided else ExitCode.CONSISTENT

    @property
    def is_undated(self) -> bool:
        """Whether roots of time stamp authorities were given, and the bundle has no time stamp."""
        return self.stamp_wanted and self.integrity.stamp is None

    @property
    def pages_not_compared(self) -> str:
        """Why report.md and report.html were not held against pages drawn here; empty where they are equal."""
        return self.recomputed.not_compared

    def facts(self) -> list[tuple[str, str]]:
        """What was checked, as pairs of a name and its value in words."""
        from steelyard.planning.own_names import own_under_public_names
        from steelyard.util.text import one_line

        own = ", ".join(own_under_public_names(self.recomputed.plan))
        signed = f"signed by {self.signed_by[:16]}…" if self.signed_by else "unsigned"
        return [
            ("verdict", self.verdict.words),
            *([("questions", f"the user's own, not the benchmark {one_line(own, 200)}")] if own else []),
            ("records", f"{self.integrity.records:,}"),
            ("scores recomputed", f"{self.recomputed.scores:,}"),
            ("seal", signed),
            *([("time stamp", self._stamp_words())] if self.integrity.stamp or self.stamp_wanted else []),
            *[("not recomputed", one_line(test, 80)) for test in self.not_recomputed],
            *([("pages not compared", self.pages_not_compared)] if self.pages_not_compared else []),
        ]

    def _stamp_words(self) -> str:
        stamp = self.integrity.stamp
        if stamp is None:
            return "none"
        return f"{stamp.time}, {'signature checked' if self.integrity.stamp_checked else 'signature NOT checked'}"

    def __repr__(self) -> str:
        return f"<VerifyResult holds: {', '.join(f'{name} {value}' for name, value in self.facts())}>"

    def _repr_html_(self) -> str:
        """One table for notebooks: escaped, without a script, a style or anything that is fetched."""
        return _table(("holds", "yes"), self.facts())


def verified(run: Path, require_key: Path | None = None, roots: Sequence[x509.Certificate] = ()) -> VerifyResult:
    """Check a bundle offline: its integrity, then everything that follows from its journal.

    ``roots`` are certificates of time stamp authorities, under one of which a stamp must be. Raises VerificationError
    naming the first check that fails, InputError where ``run`` is not a run.
    """
    from steelyard.evidence.verify import verify_integrity

    integrity = verify_integrity(run, require_key, require_key is not None, roots)
    # A bundle that is refused needs neither the memory nor the time of what recomputes.
    from steelyard.verification.recompute import recompute

    return VerifyResult(integrity, recompute(run, integrity.bundle), run, bool(roots))


_REMARKS_SHOWN = 20


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"
