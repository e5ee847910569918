"""What the simulated world found, in sentences and tables; and what any world found, in each form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard_forensics.gauntlet import forms
from steelyard_forensics.gauntlet.forms import Shown, Table, percent, plain, share
from steelyard_forensics.gauntlet.peers import PEERS
from steelyard_forensics.gauntlet.rates import CALIBRATED, LEVELS, FalseAlarms, Power, Rates
from steelyard_forensics.gauntlet.series_rates import SeriesRates, series_shown
from steelyard_forensics.gauntlet.twins_rates import TwinsRates, twins_shown

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["AnyRates", "html", "machine", "markdown", "print_rates", "sentences"]

AnyRates = Rates | TwinsRates | SeriesRates

_TITLES: Final = {
    "claim_retest": "Claim retest (D1): is the served model below the claim?",
    "twin_gap": "Fresh twins (D2): are public samples answered better than fresh ones?",
    "cue_gap": "The benchmark's cue (D6): is its own prompt answered better than another one?",
}


def machine(rates: AnyRates) -> dict[str, Any]:
    """The document that ``steelyard gauntlet --json`` prints: what a world's rates hold."""
    document: dict[str, Any] = msgspec.to_builtins(rates)
    return document


def markdown(rates: AnyRates, where: str) -> str:
    """All tables for a page of the docs; ``where`` says by what, when and on which machine."""
    return forms.markdown(_shown(rates), where)


def print_rates(rates: AnyRates, console: Console) -> None:
    """Print the sentences and the tables, 100 columns at most."""
    forms.print_shown(_shown(rates), console)


def html(rates: AnyRates, made: str) -> str:
    """The page: no script, no request; ``made`` says when, by which version and on which machine."""
    return forms.html(rates, _shown(rates), made)


def _shown(rates: AnyRates) -> Shown:
    if isinstance(rates, TwinsRates):
        return twins_shown(rates)
    if isinstance(rates, SeriesRates):
        return series_shown(rates)
    charts = [_chart(rates, name) for name in _TITLES if any(each.detector == name for each in rates.power)]
    return Shown(sentences(rates), list(tables(rates)), charts)


def sentences(rates: Rates) -> list[str]:
    """What it comes to: the whole report first, then each detector."""
    found = []
    if rates.report:
        whole = rates.report[0].at[0]
        found.append(f"Of {whole.of:,} honest vendors, {percent(whole)} were accused of something by a report at .05")
    for alarms in rates.false_alarms:
        if not alarms.kind and alarms.detector in _TITLES:
            found.append(
                f"{alarms.detector}: of {alarms.tests:,} tests of honest vendors, {percent(alarms.at[0])} "
                f"accuse at .05, and {percent(alarms.at[1])} at .01"
            )
    for each in rates.right:
        if each.found and not each.kind:
            right = (
                f"; of the {each.vendors:,} that a test says it finds, {percent(each.at)} rightly" if each.at else ""
            )
            found.append(f"Of {each.found.of:,} cheats, {percent(each.found)} were found at all{right}")
    if rates.honest:
        found.append(f"An audit of an honest vendor made {100 * rates.calls:.0f} % of the calls that it might need")
    return found or ["No honest vendor was audited"]


def tables(rates: Rates) -> Iterator[Table]:
    """Every table, in the order in which they are read."""
    yield _of_reports(rates)
    yield _right(rates)
    for detector in dict.fromkeys(each.detector for each in rates.false_alarms):
        if detector in _TITLES:
            yield _false_alarms(rates, detector)
            yield _power(rates, detector)
    yield _calibration(rates)


def _of_reports(rates: Rates) -> Table:
    rows = [[each.kind or "all", f"{each.tests:,}", share(each.at[0])] for each in rates.report]
    return (
        "Whole reports that accuse an honest vendor",
        ["vendors", "n", "accused of something"],
        rows,
        "Under the report's level of .05, first audit by this key. Every accusation of an honest vendor counts.",
    )


def _right(rates: Rates) -> Table:
    rows = [
        [
            each.kind or ("all honest" if each.honest else "all others"),
            *(f"{each.vendors:,}", share(each.at) if each.at else "–"),
            *((f"{each.found.of:,}", share(each.found)) if each.found else ("–", "–")),
        ]
        for each in rates.right
    ]
    return (
        "Right reports, and cheats that are found at all",
        ["vendors", "n", "right", "of all", "found at all"],
        rows,
        "An honest vendor is accused of nothing. Of another one that a test's own thresholds find with a power of .9, "
        "such a row is *inconsistent*, and none that holds; who is below that is not counted there. *Found at all*: of "
        "all that have a row which does not hold, such a row is *inconsistent*.",
    )


def _false_alarms(rates: Rates, detector: str) -> Table:
    peers = [name for name in PEERS if name.startswith(_PEERS_OF[detector])]
    by = {(each.detector, each.kind): each for each in rates.false_alarms}
    rows = []
    for each in rates.false_alarms:
        if each.detector == detector:
            of_peers = [_peer(by.get((name, each.kind))) for name in peers]
            rows.append([each.kind or "all", f"{each.tests:,}", *map(share, each.at), *of_peers])
    return (
        f"{_TITLES[detector]} False alarms",
        ["vendors", "tests", *(f"at {_level(level)}" for level in LEVELS), *(_short(name) for name in peers)],
        rows,
        "95 % intervals (Clopper-Pearson over vendors). Beside it, on the same vendors: "
        + "; ".join(f"*{_short(name)}*: {PEERS[name]}" for name in peers)
        + ".",
    )


def _power(rates: Rates, detector: str) -> Table:
    peers = [name for name in PEERS if name.startswith(_PEERS_OF[detector])]
    by = {(each.detector, each.kind, each.dose): each for each in rates.power}
    rows = []
    for each in rates.power:
        if each.detector == detector and each.found:
            read = "–" if each.read is None else f"{each.read:,.0f}"
            of_peers = [_peer_power(by.get((name, each.kind, each.dose))) for name in peers]
            dose = "" if each.dose is None else f" {each.dose:g}"
            rows.append(
                [f"{each.kind}{dose}", f"{each.found.of:,}", share(each.found), plain(each.alone[0]), read, *of_peers]
            )
    return (
        f"{_TITLES[detector]} Cheats that are found",
        ["cheat", "n", "in the report", "alone at .05", "median read", *(_short(name) for name in peers)],
        rows,
        "Vendors with some row that does not hold, one of which is *inconsistent*. *In the report*: under its level "
        "for all rows. *Alone*: p of such a row is at most .05. *Median read*: answers or pairs until then.",
    )


def _calibration(rates: Rates) -> Table:
    rows = [[name, *(f"{share:.4f}" for share in shares)] for name, shares in rates.calibration.items()]
    return (
        "Calibration: how often p is at most so much for honest vendors",
        ["detector", *(f"{level:g}" for level in CALIBRATED)],
        rows,
        "A valid p is at most the heading. The p of a claim retest counts its margins in full, so it is far below.",
    )


_PEERS_OF: Final = {"claim_retest": "claim: ", "twin_gap": "twins: ", "cue_gap": "cues: "}


def _short(peer: str) -> str:
    return peer.partition(": ")[2]


def _peer(alarms: FalseAlarms | None) -> str:
    return "–" if alarms is None else plain(alarms.at[0])


def _peer_power(power: Power | None) -> str:
    return "–" if power is None else plain(power.alone[0])


def _level(level: float) -> str:
    return f"{level:g}".removeprefix("0")


def _chart(rates: Rates, detector: str) -> dict[str, Any]:
    """Power as bars of 200 wide, with their intervals, each under its cheat and dose."""
    bars: list[dict[str, str]] = []
    for each in rates.power:
        if each.detector == detector and each.found:
            dose = "" if each.dose is None else f" {each.dose:g}"
            found = each.found
            bars.append(
                {
                    "name": f"{each.kind}{dose}",
                    "says": each.says,
                    "share": f"{found.share:.2f}",
                    "width": f"{200 * found.share:.1f}",
                    "low": f"{200 * found.low:.1f}",
                    "high": f"{200 * found.high:.1f}",
                }
            )
    return {"title": _TITLES[detector], "bars": bars}
