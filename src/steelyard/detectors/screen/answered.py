"""Rows of one sheet that different networks answer, which the sheet does not name as variants of the model."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.detectors.screen.rows import DETECTOR, SHOWN, short
from steelyard.records import Checkpoint, Claim, Finding, Plan

__all__ = ["other_networks"]

Network = tuple[Checkpoint, ...]


def other_networks(plan: Plan) -> Iterator[Finding]:
    """One finding for each name of the sheet that stands for several networks: of another kind, config or weights.

    ``variant`` names the network of a row, where ``variants`` of the sheet lists it; rows without one share a name.
    Only models that name their checkpoints can be looked at (:attr:`steelyard.records.Capabilities.checkpoints`).
    """
    found: dict[str, dict[Network, list[int]]] = {}
    assert plan.sheet is not None
    for number, claim in enumerate(plan.sheet.claims):
        if network := _network_of(plan, number):
            name = claim.variant if claim.variant in plan.sheet.variants else ""
            found.setdefault(name, {}).setdefault(network, []).append(number)
    for name, networks in found.items():
        if len(networks) > 1:
            yield _finding(plan.sheet.claims, name or plan.sheet.model, networks)


def _network_of(plan: Plan, number: int) -> Network:
    """What answers a claim: the first of a measurement's needs is what is claimed, the others are rivals."""
    for served in plan.served:
        if served.request == f"claim/{number}" and served.reads.measurement in plan.by_id:
            several = plan.checkpoints_of(plan.by_id[served.reads.measurement])
            return several[0] if several else ()
    return ()


def _finding(claims: tuple[Claim, ...], name: str, networks: dict[Network, list[int]]) -> Finding:
    parts = [
        f"{_in_words(network)} ({_lines([claims[number] for number in numbers])})"
        for network, numbers in list(networks.items())[:SHOWN]
    ]
    more = f" and {len(networks) - SHOWN} more" if len(networks) > SHOWN else ""
    rows = sorted(number for numbers in networks.values() for number in numbers)
    return Finding(
        detector=DETECTOR,
        check="variant",
        task=claims[next(iter(networks.values()))[0]].task,
        null="all rows that the sheet gives one name are answered by one network",
        assumptions=("networks that differ in kind, config or weights are different models",),
        n=len(rows),
        message=(
            f"rows about {short(name, 80)} are answered by different networks: {'; '.join(parts)}{more}; "
            "name them: list 'variants' in the sheet, and state each row's 'variant'"
        ),
        records=tuple(f"claims[{number}]" for number in rows),
    )


def _in_words(network: Network) -> str:
    first = network[0]
    trainings = f", {len(network)} trainings" if len(network) > 1 else ""
    return f"{short(first.kind, 40) or 'a network'} {first.sha256[:12]}{trainings}"


def _lines(claims: list[Claim]) -> str:
    lines = ", ".join(str(claim.line) for claim in claims[:SHOWN])
    more = f" and {len(claims) - SHOWN:,} more" if len(claims) > SHOWN else ""
    return f"{'line' if len(claims) == 1 else 'lines'} {lines}{more}"
