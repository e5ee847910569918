"""``steelyard.compare`` and ``steelyard.portfolio``: runs on the same samples, as the commands of these names do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.comparison.cascade import CascadeResult
    from steelyard.comparison.portfolio_record import Portfolio
    from steelyard.comparison.record import Comparison

__all__ = ["cascade", "compare", "portfolio"]


def compare(*runs: str | Path, all_pairs: bool = False, see: float = 2.0, with_texts: bool = True) -> Comparison:
    """Compare runs on the samples that they share, as ``steelyard compare`` does. Nothing is asked.

    Args:
        runs: folders of runs or audits; ``RUN#ROLE`` is one model of a run that has several, and ``RUN`` all of them.
        all_pairs: compare each with each other, not only with the first.
        see: the difference, in percentage points, for which the needed number of samples is given.
        with_texts: give the texts of samples on which two runs differ, where their folders hold them.

    Returns:
        A frozen record: ``pairs`` of runs with their ``contrasts`` (shares), ``notes``, and ``exit``, which is 3 where
        something could not be compared.

    Raises:
        SteelyardError: InputError for folders that cannot be compared, VerificationError for a broken journal.
    """
    from steelyard.comparison.compare import compare_runs
    from steelyard.comparison.scored_run import read_run

    if not 0 < see < 100:
        raise InputError(f"see is {see:g}, and it is a number of percentage points between 0 and 100")
    read = [run for each in runs for run in read_run(str(each))]
    return compare_runs(read, all_pairs=all_pairs, see=see / 100, with_texts=with_texts)


def cascade(*runs: str | Path, signal: str, target: str | float, task: str = "") -> CascadeResult:
    """Measure a cascade of two finished runs, as ``steelyard cascade`` does. Nothing is asked.

    Args:
        runs: the folder of the small model's run and that of the large one's, or one run of two models.
        signal: ``"agreement"``, ``"length"``, ``"margin"`` or ``"unread"``: what of the small model's answer says how
            sure it is.
        target: the share of right answers to reach: 0.9 or "90%".
        task: which task, where the runs share several.

    Returns:
        A frozen record: the ``threshold``, how many samples were ``escalated``, and ``cascade``, ``small`` and
        ``large`` on the half that did not choose the threshold; ``exit`` is 0, 1 or 3.

    Raises:
        SteelyardError: InputError for runs or a signal that cannot be used, VerificationError for a broken journal.
    """
    from fractions import Fraction

    from steelyard.api.gates import share_text
    from steelyard.comparison.cascade import cascade_of
    from steelyard.comparison.scored_run import read_run

    share = Fraction(share_text(str(target), "--target"))
    return cascade_of([run for each in runs for run in read_run(str(each))], signal, share, task)


def portfolio(
    *runs: str | Path,
    share: Mapping[str, float] | None = None,
    vendor: Mapping[str, str] | None = None,
    family: Mapping[str, str] | None = None,
    architecture: Mapping[str, str] | None = None,
    cost: Mapping[str, float] | None = None,
) -> Portfolio:
    """How concentrated a portfolio of models is, and how far they fail together, as ``steelyard portfolio`` does.

    Args:
        runs: folders of runs or audits, or ``RUN#ROLE``, each of one model.
        share: what is bet on each run, by the run as given here; in any unit, equal where none is given.
        vendor: of each run's model, where its name does not say it.
        family: as vendor.
        architecture: as vendor; a world model's checkpoints say it.
        cost: of one call, by run, where the run knew no prices.

    Raises:
        SteelyardError: InputError for runs without common samples and for names that no run has.
    """
    from steelyard.comparison.portfolio import Facts, portfolio_of
    from steelyard.comparison.scored_run import read_run

    named = [(str(each), run) for each in runs for run in read_run(str(each))]
    names = {name for name, _ in named}
    given = {"share": share, "vendor": vendor, "family": family, "architecture": architecture, "cost": cost}
    for option, values in given.items():
        if unknown := [name for name in values or {} if name not in names]:
            raise InputError(f"--{option} {unknown[0]}: no such run is given; there are: {', '.join(sorted(names))}")
    facts = Facts(share or {}, vendor or {}, family or {}, architecture or {}, cost or {})
    return portfolio_of(named, facts)
