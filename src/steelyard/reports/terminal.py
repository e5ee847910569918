"""The verdict in a terminal: a table within 100 columns, then findings, notes and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.records import ClaimVerdict, DetectorResult, Finding, Note, Plan, Verdict, VerdictWord
from steelyard.reports import choices, gates, headlines, identity_checks, networks, words
from steelyard.reports.judging import UNCALIBRATED, judging_lines
from steelyard.reports.limits import limits
from steelyard.reports.measured import measured_words, only_measured
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["print_verdict"]

_STYLES = {
    VerdictWord.INCONSISTENT: "bold red",
    VerdictWord.CONSISTENT: "green",
    VerdictWord.UNVERIFIABLE: "bold yellow",
    VerdictWord.INSUFFICIENT_POWER: "yellow",
    VerdictWord.NOT_TESTABLE: "dim",
    VerdictWord.NOT_TESTED: "dim",
}
_PLAIN = str.maketrans({"✗": "x", "✓": "+", "–": "-", "−": "-", "…": "...", "·": "-", "½": "1/2", "≥": ">=", "≤": "<="})
_NARROW = 96  # below this width the table's columns are too narrow: each claim becomes a small paragraph
_BESIDE_MODEL = 68  # columns of a choice's table beside the model's name
# Beyond these numbers the important lines scroll away; --json and the report have all.
_FINDINGS, _NOTES, _ROWS, _LIMITS = 20, 12, 60, 4


def print_verdict(verdict: Verdict, console: Console, plan: Plan | None = None) -> None:
    """Print the verdict: claims, findings, notes, what was not tested, limits, the sentence and the exit code.

    Everything that came from a sheet, a data set or a model goes through :func:`steelyard.util.text.one_line`, and
    is printed as plain text: markup and escape sequences in it are shown, never interpreted.
    """
    page = _Page(console)
    if identity_checks.is_identity_check(verdict):
        page.line(f"{one_line(verdict.model, 80)}, {identity_checks.held_against(verdict)}", "bold")
    if not any(claim.asked for claim in verdict.claims):
        _print_who(page, verdict)
    if any(claim.asked for claim in verdict.claims):
        _print_claims(page, verdict, plan)
    _print_gates(page, verdict)
    for result in choices.choices_of(verdict):
        _print_choice(page, verdict, result)
    _print_measured(page, verdict)
    _print_judging(page, verdict)
    _print_tests(page, verdict)
    _print_findings(page, verdict.findings)
    _print_notes(page, verdict.notes)
    _print_untested(page, verdict)
    if any(each.asked for each in verdict.measurements) or any(claim.asked for claim in verdict.claims):
        page.section("What this does not show")
        sentences = limits(verdict, plan)
        for limit in sentences[:_LIMITS]:
            page.item(limit, style="dim")
        if len(sentences) > _LIMITS:
            page.item(f"{words.counted(len(sentences) - _LIMITS, 'more limit')} in the report", "…", "dim")
    _print_overall(page, verdict)


class _Page:
    """A console that can only print plain text, in characters that the stream can encode."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = console.width

    def text(self, content: str, style: str = "") -> Text:
        """Make a rich Text of plain content; what the stream cannot encode becomes a plain character."""
        from rich.text import Text

        encoding = self.console.encoding
        try:
            content.encode(encoding)
        except UnicodeEncodeError:
            content = content.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        return Text(content, style=style)

    def line(self, content: str = "", style: str = "") -> None:
        """Print one paragraph, wrapped at the console's width."""
        self.console.print(self.text(content, style), soft_wrap=False)

    def section(self, title: str) -> None:
        """Start a section."""
        self.line()
        self.line(title, "bold")

    def item(self, content: str, sign: str = "·", style: str = "") -> None:
        """Print one item with a hanging indent."""
        from rich.padding import Padding
        from rich.table import Table

        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self.text(sign, style), self.text(content, style))
        self.console.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _print_who(page: _Page, verdict: Verdict) -> None:
    """Who could have chosen the order, and the names of the endpoint where they differ from the claimed one."""
    if verdict.order:
        page.line(one_line(" ".join(verdict.order), 600), "dim")
    if verdict.names:
        page.line(one_line(verdict.names, 400))


def _print_claims(page: _Page, verdict: Verdict, plan: Plan | None) -> None:
    page.line(f"{one_line(verdict.model, 80)}, as served by {one_line(verdict.served, 120)}", "bold")
    _print_who(page, verdict)
    if page.width >= _NARROW:
        page.console.print(_table(page, verdict))
    else:
        _print_paragraphs(page, verdict)
    if len(verdict.claims) > _ROWS:
        page.line(f"… and {words.counted(len(verdict.claims) - _ROWS, 'more claim')}: --json shows all", "dim")
    if any(claim.ci and claim.trace for claim in verdict.claims[:_ROWS]):
        named = words.interval_name(verdict)
        page.line(
            f"Each claim's {named} holds at every look: the one shown while it was asked had the same rule.", "dim"
        )
    measurements = words.measurements_of(plan)
    for claim in verdict.claims[:_ROWS]:
        if sentence := words.reruns(claim, measurements.get(claim.measurement)):
            page.item(f"{one_line(claim.task, 80)}: {sentence}")


def _table(page: _Page, verdict: Verdict) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, width=page.width)
    table.add_column("Task", overflow="fold", min_width=10, max_width=26)
    for title in ("Claimed", "Measured", words.interval_name(verdict)):
        table.add_column(page.text(title), justify="right", no_wrap=True)
    table.add_column("Asked", justify="right", overflow="fold")
    table.add_column("Verdict", overflow="fold", ratio=1)
    for claim in verdict.claims[:_ROWS]:
        row = words.claim_words(claim)
        # Reasons are long and often shared: each is printed once, below the table.
        short = row.verdict_words if _is_unasked(claim) else row.full
        style = _STYLES[row.verdict]
        table.add_row(
            page.text("\n".join([row.task, *networks.in_lines(claim)])),
            page.text(row.claimed),
            page.text(row.measured),
            page.text(row.interval),
            page.text(row.asked.replace(", ", "\n")),
            page.text(f"{words.SIGNS[row.verdict]} {short}", style),
        )
    return table


def _is_unasked(claim: ClaimVerdict) -> bool:
    return claim.verdict in (VerdictWord.NOT_TESTABLE, VerdictWord.NOT_TESTED)


def _print_paragraphs(page: _Page, verdict: Verdict) -> None:
    page.line()
    for claim in verdict.claims[:_ROWS]:
        row = words.claim_words(claim)
        sign, style = words.SIGNS[row.verdict], _STYLES[row.verdict]
        if _is_unasked(claim):
            page.item(f"{row.task}: {row.verdict_words}; claimed {row.claimed}", sign, style)
            continue
        page.item(f"{row.task}: {row.full}", sign, style)
        page.item(f"claimed {row.claimed}, measured {row.measured} [{row.interval}], asked {row.asked}", " ")
        if answered := networks.in_words(claim):
            page.item(f"answered by {answered}", " ")


def _print_gates(page: _Page, verdict: Verdict) -> None:
    results = gates.gates_of(verdict)
    if not results:
        return
    page.section("Gates")
    has_interval = any(each.gate and each.gate.ci for each in results)
    holds = f"Each {words.interval_name(verdict)} holds at every look. " if has_interval else ""
    page.line(f"{holds}Undecided is never green.", "dim")
    for result in results[:_ROWS]:
        row = gates.gate_words(result, verdict)
        page.item(row.sentence, words.SIGNS[row.word], _STYLES[row.word])
        page.item(f"took {row.cost}", " ", "dim")
    _print_rest(page, len(results) - _ROWS, "gate")


def _print_choice(page: _Page, verdict: Verdict, result: DetectorResult) -> None:
    """The candidates, the cheapest first: a table, or a list where the terminal is narrow."""
    from rich import box
    from rich.table import Table

    from steelyard.util.console import fitting

    page.section("Candidates, the cheapest first")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column("Model", overflow="fold", min_width=12, max_width=max(12, page.width - _BESIDE_MODEL))
    table.add_column("", no_wrap=True)
    right, interval, *others = choices.headings(result, verdict)
    for heading in (f"{right},\n{interval}", *(each.replace(" per ", " per\n") for each in others)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in choices.candidate_words(result, verdict)[:_ROWS]:
        standing = page.text(f"{words.SIGNS[row.word]} {row.standing}", _STYLES[row.word])
        right, interval, *cells = (each.replace(", ", "\n") for each in row.cells)
        seen = right if right == interval else f"{right}\n{interval}"
        table.add_row(page.text(row.model), standing, *map(page.text, (seen, *cells)))
    page.console.print(fitting(page.console, table))


def _print_measured(page: _Page, verdict: Verdict) -> None:
    results = only_measured(verdict)
    rows = [measured_words(each) for each in results]
    if not rows:
        return
    page.section("Measured" if not verdict.claims else "Further measurements")
    if any(each.ci for each in results):
        also = ", which may be narrower than those shown while a test asked" if any(e.read_by for e in results) else ""
        early = "; where less than planned was asked, they hold at every stop"
        ended = early if any(each.ci and each.asked < each.planned for each in results) else ""
        page.line(f"Intervals here (95 %) are Wilson's, for a fixed number of samples{also}{ended}.", "dim")
    for row in rows[:_ROWS]:
        detail = f"; {row.detail}" if row.detail else ""
        page.item(f"{row.task} ({row.prompt}): {row.measured} [{row.interval}], asked {row.asked}{detail}")
    _print_rest(page, len(rows) - _ROWS, "measurement")


def _print_tests(page: _Page, verdict: Verdict) -> None:
    results = words.further_tests(verdict)
    if not results:
        return
    page.section(identity_checks.HELD if identity_checks.is_identity_check(verdict) else "Further tests")
    for result in results[:_ROWS]:
        page.item(words.test_sentence(result), words.SIGNS[result.word], _STYLES[result.word])
    _print_rest(page, len(results) - _ROWS, "test")


def _print_findings(page: _Page, findings: tuple[Finding, ...]) -> None:
    if not findings:
        return
    page.section("Findings")
    for finding in findings[:_FINDINGS]:
        numbers = words.finding_numbers(finding)
        source = f"[{one_line(finding.detector, 40)}, {one_line(finding.check, 40)}]"
        page.item(f"{words.remark(finding)} {f'({numbers}) ' if numbers else ''}{source}", "✗", "red")
    _print_rest(page, len(findings) - _FINDINGS, "finding")


def _print_judging(page: _Page, verdict: Verdict) -> None:
    if verdict.judging is None:
        return
    page.section("The judge")
    for name, text in judging_lines(verdict.judging):
        page.item(f"{name}: {text}")
    page.item(UNCALIBRATED, style="dim")


def _print_notes(page: _Page, notes: tuple[Note, ...]) -> None:
    if not notes:
        return
    page.section("Notes (they prove nothing by themselves)")
    for note in notes[:_NOTES]:
        page.item(words.remark(note))
    _print_rest(page, len(notes) - _NOTES, "note")


def _print_rest(page: _Page, number: int, noun: str) -> None:
    if number > 0:
        page.item(f"and {words.counted(number, 'more ' + noun)}: --json shows all", "…", "dim")


def _print_untested(page: _Page, verdict: Verdict) -> None:
    groups = words.untested(verdict)
    if not groups or not any(claim.asked or claim.reason for claim in verdict.claims):
        return
    page.section("Not tested, and why")
    for word, reason, tasks in groups[:_NOTES]:
        named = ", ".join(tasks[:8]) + (f" and {words.count(len(tasks) - 8)} more" if len(tasks) > 8 else "")
        page.item(f"{named}: {word.words}{f' ({reason})' if reason else ''}", "–")
    _print_rest(page, len(groups) - _NOTES, "reason")


def _print_overall(page: _Page, verdict: Verdict) -> None:
    page.line()
    page.line(headlines.headline(verdict), _STYLES[verdict.verdict].replace("dim", "bold"))
    counts = ", ".join(f"{words.count(number)} {word}" for word, _, number in headlines.tally(verdict))
    meaning = headlines.exit_meaning(verdict)
    parts = [part for part in (counts, f"exit {verdict.exit}{f': {meaning}' if meaning else ''}") if part]
    page.line(". ".join(part[0].upper() + part[1:] for part in parts) + ".", "dim")
