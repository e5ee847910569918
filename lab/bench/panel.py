"""``python -m bench.panel``: how often a panel accuses honest models of knowing public samples, and what others do.

Each panel is one draw: items of a benchmark and of its authored twins, which all models share; families of one to eight
models; abilities by family and by model; and how much harder the twins are to each, with a scatter τ between models,
half of it between families. The tested model is of a family of its own.
"""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, command, share, where
from steelyard.reports.measured_rates import MeasuredElsewhere, RuleRate, measured_rates
from steelyard.stats.intervals import clopper_pearson
from steelyard_forensics.gauntlet.constat import constat_p
from steelyard_forensics.stats.panel import PanelScore, panel_gap

__all__ = ["Drawn", "accusations", "draw", "main"]

Reals = NDArray[np.float64]
Bits = NDArray[np.bool_]
_REPORTS: Final = Path("src/steelyard/reports/measured_rates.json")
_RULE: Final = "panel_twin_gap@1"
_SIZES: Final = ((164, 60), (500, 80), (1319, 124))
_MATRICES: Final = (
    Path(os.environ.get("STEELYARD_TEST_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "scores"
)
_LEVEL: Final = 0.05
_Z: Final = 1.6448536269514722


@dataclass(frozen=True)
class Drawn:
    """Answers of a panel's models, and last of the tested one, to public samples and to twins; ``family`` of each."""

    public: Bits
    twins: Bits
    family: NDArray[np.int64]

    @property
    def scores(self) -> list[PanelScore]:
        """The panel's scores, without the tested model."""
        rows = zip(self.family[:-1], self.public[:-1].mean(axis=1), self.twins[:-1].mean(axis=1), strict=True)
        return [PanelScore(str(family), float(public), float(twins)) for family, public, twins in rows]

    @property
    def own(self) -> tuple[float, float]:
        """The tested model's scores on public samples and on twins."""
        return float(self.public[-1].mean()), float(self.twins[-1].mean())


def draw(
    samples: int,
    families: int,
    points: float,
    random: np.random.Generator,
    *,
    heavy: bool = False,
    harder: float | None = None,
    own: float | None = None,
    by_heart: float = 0.0,
    alike: int = 0,
    best_of: int = 1,
) -> Drawn:
    """One panel and one tested model.

    ``points`` is τ, the standard deviation between models of how much harder the twins are, in percentage points;
    ``heavy``: it is t-distributed with 3 degrees of freedom. The twins are ``harder`` by so much on the logit scale (by
    default drawn, N(0, .15)), the tested model's ability is ``own``, and it knows a share ``by_heart`` of the public
    samples. ``alike``: each family has so many models, which are nearly one (requantisations of a file). ``best_of``:
    so many checkpoints of the tested model are as good as one another, and it is the one with the best public score.
    """
    sizes = np.full(families, alike) if alike else random.integers(1, 9, families) // random.integers(1, 5, families)
    sizes = np.append(np.maximum(sizes, 1), 1)
    family = np.repeat(np.arange(families + 1), sizes)
    within = 0.05 if alike else 0.5
    ability = (random.normal(0.5, 0.8, families + 1) + 0.0)[family] + within * random.normal(size=len(family))
    if own is not None:
        ability[-1] = own
    difficulty = random.normal(0, 1, (2, samples))
    difficulty[1] += random.normal(0, 0.15) if harder is None else harder
    rates = 1 / (1 + np.exp(difficulty[1][None, :] - ability[:, None]))
    logits = points / 100 / float((rates * (1 - rates)).mean())
    scatter = _spread(random, heavy, families + 1)[family] * math.sqrt(0.5 if not alike else 0.99)
    scatter = scatter + _spread(random, heavy, len(family)) * math.sqrt(0.5 if not alike else 0.01)
    public = 1 / (1 + np.exp(difficulty[0][None, :] - ability[:, None]))
    twins = 1 / (1 + np.exp(difficulty[1][None, :] + (logits * scatter - ability)[:, None]))
    right = _luck(public.shape, family, random, hangs=bool(alike)) < public
    if by_heart:
        right[-1] |= random.random(samples) < by_heart
    twins_right = _luck(twins.shape, family, random, hangs=bool(alike)) < twins
    others = random.random((best_of - 1, samples)) < public[-1]
    right[-1] = max((right[-1], *others), key=np.sum)
    return Drawn(right, twins_right, family)


def _luck(shape: tuple[int, ...], family: NDArray[np.int64], random: np.random.Generator, *, hangs: bool) -> Reals:
    """Uniform numbers; those of models of one family are the same in nine of ten answers where they hang together."""
    own = random.random(shape)
    if not hangs:
        return own
    base = random.random((int(family.max()) + 1, shape[1]))[family]
    return np.where(random.random(shape) < 0.9, base, own)


def _spread(random: np.random.Generator, heavy: bool, size: int) -> Reals:
    return random.standard_t(3, size) / math.sqrt(3) if heavy else random.normal(size=size)


def accusations(drawn: Drawn, level: float = _LEVEL) -> dict[str, bool] | None:
    """Which rules accuse the tested model; None where its score on the twins is outside of the panel's."""
    public, twins = drawn.own
    scores = drawn.scores
    if not min(each.twins for each in scores) <= twins <= max(each.twins for each in scores):
        return None
    samples = drawn.public.shape[1]
    found = panel_gap(public, twins, (samples, samples), scores, level)
    pooled = (public + twins) / 2
    error = math.sqrt(max(1e-12, 2 * pooled * (1 - pooled) / samples))
    return {
        "ours": found.p <= level,
        "interval": found.p_interval <= level,
        "rank": found.p_rank <= level,
        "mean": _mean_drop(drawn) <= level,
        "z": (public - twins) / error > _Z,
        "raw": public - twins > 0.05,
    }


def _mean_drop(drawn: Drawn) -> float:
    """The p-value of the plain prediction interval: the drop against the mean of the families' drops, t with F − 1."""
    from scipy.special import stdtr

    drops = drawn.public.mean(axis=1) - drawn.twins.mean(axis=1)
    weights = 1 / np.bincount(drawn.family)[drawn.family[:-1]]
    families = weights.sum()
    mean = float(weights @ drops[:-1] / families)
    spread = math.sqrt(float(weights @ (drops[:-1] - mean) ** 2) / (families - 1) * (1 + 1 / families))
    return float(stdtr(families - 1, -(drops[-1] - mean) / spread))


def _counted(
    panels: int, seed: tuple[int, ...], samples: int, families: int, points: float, **how: object
) -> tuple[dict[str, int], int]:
    """By rule, how many of so many tested models are accused, and how many were tested."""
    total, tested = dict.fromkeys(("ours", "interval", "rank", "mean", "z", "raw"), 0), 0
    for number in range(panels):
        random = np.random.default_rng([SEED, *seed, number])
        if (found := accusations(draw(samples, families, points, random, **how))) is None:  # type: ignore[arg-type]
            continue
        tested += 1
        for rule, accuses in found.items():
            total[rule] += accuses
    return total, tested


def false_alarms(panels: int) -> tuple[str, tuple[int, int]]:
    """Honest models by τ, samples and families; and how many of all are accused by ours."""
    rows, whole = [], [0, 0]
    for heavy in (False, True):
        for points in (0, 2, 4):
            if heavy and not points:
                continue
            for samples, families in _SIZES:
                seed = (1, int(heavy), points, samples)
                total, tested = _counted(panels, seed, samples, families, points, heavy=heavy)
                whole[0] += total["ours"]
                whole[1] += tested
                cells = [share(total[rule], tested) for rule in ("ours", "interval", "rank", "z", "raw")]
                rows.append([f"{points}{', heavy tails' if heavy else ''}", f"{samples:,}", f"{families}", *cells])
    note = (
        f"{panels:,} panels a line, one tested model each, at .05; 95 % intervals (Clopper-Pearson). Models whose "
        "score on the twins lies outside of the panel's are not tested. *Interval* and *rank* are the parts of ours, "
        "which accuses where both do. *z*: the two-sample z test of public samples and twins. *Raw gap*: more than 5 "
        "points."
    )
    heads = ["τ in points", "samples", "families", "ours", "interval", "rank", "z", "raw gap"]
    return table("Honest models that are accused", heads, rows, 1, note), (whole[0], whole[1])


def peer(models: int) -> str:
    """ConStat, with few reference models and with all of a panel's."""
    rows = []
    for families, samples in ((20, 500), (20, 1319), (60, 1319)):
        for points in (0, 2, 4) if families == 20 else (2,):
            found = sum(
                constat_p(*_references(families, samples, points, number), 100, _random(8, number)) <= _LEVEL
                for number in range(models)
            )
            which = "20, of families of their own" if families == 20 else "all of 60 families"
            rows.append([which, f"{points}", f"{samples:,}", share(found, models)])
    note = (
        f"{models} models a line, at nominal .05; 100 bootstraps; written anew with its sorting and its normalization "
        "(`steelyard_forensics/gauntlet/constat.py`). Ours refuses fewer than 59 families; its rates are in the first "
        "table."
    )
    heads = ["reference models", "τ in points", "samples", "accused"]
    return table("Honest models that ConStat accuses", heads, rows, 1, note)


def _references(families: int, samples: int, points: float, number: int) -> tuple[Reals, Reals]:
    """The answers of ConStat's reference models, and last of the tested one, on public samples and on twins."""
    drawn = draw(samples, families, points, _random(2, families, samples, points, number))
    rows = np.arange(len(drawn.family))
    if families == 20:
        rows = np.unique(drawn.family, return_index=True)[1]
    return drawn.public[rows].astype(float), drawn.twins[rows].astype(float)


def _random(*seed: float) -> np.random.Generator:
    return np.random.default_rng([SEED, *(round(each) for each in seed)])


def other_ability(panels: int) -> str:
    """Models that are better or worse than the panel's mean, and twins that are harder for all."""
    rows = []
    for own in (-1.0, 0.5, 1.5, 2.5):
        for harder in (0.0, 0.5, 1.0):
            seed = (3, round(10 * own) + 99, round(10 * harder))
            total, tested = _counted(panels, seed, 500, 80, 2, harder=harder, own=own)
            cells = [share(total[rule], tested) for rule in ("ours", "mean")]
            rows.append([f"{own:g}", f"{harder:g}", f"{tested:,}", *cells])
    note = (
        "Both on the logit scale; the panel's abilities have the mean .5 and the standard deviation .94. τ is 2 "
        "points, 500 samples, 80 families. *Mean drop*: a prediction interval for the drop itself, with families − 1 "
        "degrees of freedom, which does not know that twins cost models of another ability other amounts."
    )
    heads = ["ability of the model", "twins harder by", "tested", "ours", "mean drop"]
    return table("Honest models of another ability than the panel's", heads, rows, 1, note)


def one_panel(panels: int, models: int) -> str:
    """The rate of false alarms of one panel, which is held against many models."""
    rows = []
    for families in (60, 124):
        rates = []
        for number in range(panels):
            random = np.random.default_rng([SEED, 4, families, number])
            base = draw(500, families + models, 2, random)
            rates.append(_rate_of(base, families))
        shown = (f"{value:.3f}" for value in (np.mean(rates), np.median(rates), np.quantile(rates, 0.9), max(rates)))
        rows.append([f"{families}", *shown])
    note = f"{panels} panels, each held against {models} models of other families; τ is 2 points, 500 samples, at .05."
    return table("False alarms of one panel", ["families", "mean", "median", ".9 quantile", "most"], rows, 1, note)


def _rate_of(base: Drawn, families: int) -> float:
    """Of the families beyond the panel's, one model each: the share that the panel accuses."""
    panel = base.family < families
    others = [int(np.argmax(base.family == each)) for each in range(families, int(base.family[-1]) + 1)]
    accused = []
    for other in others:
        rows = np.append(np.flatnonzero(panel), other)
        found = accusations(Drawn(base.public[rows], base.twins[rows], base.family[rows]))
        accused += [] if found is None else [found["ours"]]
    return float(np.mean(accused))


def counted_wrongly(panels: int) -> str:
    """What comes of counting the requantisations of a file as families."""
    rows = []
    for files in (6, 10, 20):
        accused = tested = 0
        for number in range(panels):
            random = np.random.default_rng([SEED, 5, files, number])
            drawn = draw(1319, files, 2, random, alike=60 // files)
            each_its_own = Drawn(drawn.public, drawn.twins, np.arange(len(drawn.family)))
            if (found := accusations(each_its_own)) is not None:
                tested, accused = tested + 1, accused + found["ours"]
        rows.append([f"{files}", f"{60 // files}", f"{tested:,}", share(accused, tested)])
    note = (
        "Counted as 60 families, τ is 2 points, 1,319 samples, at .05; nine of ten answers of a file's requantisations "
        "are the same. Counted rightly, such a panel is refused."
    )
    heads = ["files", "requantisations of each", "tested", "accused"]
    return table("If requantisations counted as families: honest models that are accused", heads, rows, 1, note)


def power(panels: int) -> str:
    """Models that know a share of the public samples by heart."""
    rows = []
    for samples, families in ((500, 80), (1319, 80)):
        for points in (0, 2, 4):
            for by_heart in (0.1, 0.2, 0.4, 0.8):
                seed = (6, samples, points, round(100 * by_heart))
                total, tested = _counted(panels, seed, samples, families, points, by_heart=by_heart)
                rows.append([f"{points}", f"{samples:,}", f"{by_heart:g}", share(total["ours"], tested)])
    note = f"{panels:,} panels of 80 families a line. Skill is drawn: the mean model has .6 of the samples right."
    heads = ["τ in points", "samples", "share known by heart", "found at .05"]
    return table("Models that know public samples by heart", heads, rows, 1, note)


def chosen(panels: int) -> str:
    """Honest models whose checkpoint was chosen by its public score, as validation and leaderboards choose."""
    rows = []
    for samples, families in ((500, 80), (1319, 124)):
        for best_of in (1, 5, 20):
            total, tested = _counted(panels, (9, samples), samples, families, 2, best_of=best_of)
            rows.append([f"{samples:,}", f"{families}", f"{best_of}", f"{tested:,}", share(total["ours"], tested)])
    note = (
        f"{panels:,} panels, the same ones for 1, 5 and 20. Checkpoints of one model, all as good as one another, "
        "differ by the luck of their answers; the panel's models were not chosen. τ is 2 points, at .05. The test "
        "assumes that the tested one was not chosen either."
    )
    heads = ["samples", "families", "best of", "tested", "accused"]
    return table("Honest models: the best of several checkpoints by public score", heads, rows, 3, note)


def real_models(draws: int) -> str:
    """Real response matrices: half of a benchmark's items as public samples, the other half as twins of them."""
    rows = []
    for name in ("gsm8k", "arc", "mmlu", "truthfulqa", "winogrande"):
        file = next(iter(sorted(_MATRICES.glob(f"{name}-*.csv.gz"))), None)
        if file is None:
            continue
        matrix = _matrix(file)
        for kind in ("alike", "harder", "harder, weak panel", "alike, weak model"):
            random = np.random.default_rng([SEED, 7, sum(map(ord, name + kind))])
            total, tested = dict.fromkeys(("ours", "mean", "z", "raw"), 0), 0
            for _ in range(draws):
                if (found := accusations(_real_panel(matrix, kind, random))) is not None:
                    tested += 1
                    for rule in total:
                        total[rule] += found[rule]
            cells = [share(count, tested) for count in total.values()]
            rows.append([name, kind, f"{matrix.shape[1] // 2}", f"{tested:,}", *cells])
    note = (
        f"{draws:,} draws a line of 80 models as families of their own and one tested model, at .05, from the matrices "
        "of metabench (arXiv 2407.12844; not shipped). *Harder*: the harder half of the items are the twins. *Weak "
        "panel*: a model with none right is twenty times as likely to be in the panel as one with all right. *Weak "
        "model*: the tested one is of those that are worse than four fifths of the panel. Many of "
        "these models descend from one another, and the items are few."
    )
    heads = ["benchmark", "twins", "samples", "tested", "ours", "mean drop", "z", "raw gap"]
    return table("Real models on halves of a benchmark: accused", heads, rows, 2, note)


def _matrix(file: Path) -> Bits:
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()[1:]
    found = np.array([[each == "1" for each in line.split(",")[1:]] for line in lines if line])
    level = found.mean(axis=1)
    return np.unique(found[(level > 0.03) & (level < 0.995)], axis=0)


def _real_panel(matrix: Bits, kind: str, random: np.random.Generator) -> Drawn:
    items, levels = matrix.shape[1], matrix.mean(axis=1)
    order = random.permutation(items)
    if not kind.startswith("alike"):
        order = np.argsort(matrix.mean(axis=0) + random.normal(0, 0.15, items))
    weights = np.exp(-3 * levels) if kind.endswith("weak panel") else np.ones(len(matrix))
    rows = random.choice(len(matrix), 80, replace=False, p=weights / weights.sum())
    others = np.setdiff1d(np.arange(len(matrix)), rows)
    if kind.endswith("weak model"):
        others = others[levels[others] < np.quantile(levels[rows], 0.2)]
    rows = np.append(rows, random.choice(others))
    return Drawn(matrix[rows][:, order[items // 2 :]], matrix[rows][:, order[: items // 2]], np.arange(81))


def write_reports(accused: int, tested: int) -> None:
    """Put the rate of honest models beside the rates that ship."""
    low, high = clopper_pearson(accused, tested)
    rate = RuleRate(share=round(accused / tested, 5), low=round(low, 5), high=round(high, 5), tests=tested)
    what = "simulated honest models, each against a panel of 60 to 124 families, at 0.05"
    found = measured_rates()
    own = MeasuredElsewhere(date=where().partition(",")[0], what=what, rate=rate)
    rates = msgspec.structs.replace(found, elsewhere={**found.elsewhere, _RULE: own})
    _REPORTS.write_bytes(msgspec.json.format(msgspec.json.encode(rates), indent=2) + b"\n")


@click.command()
@click.option("--panels", default=1000, show_default=True, help="Panels of each line.")
@click.option("--workers", default=2, show_default=True, help="Processes, which share the tables.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what results show of it.")
def main(panels: int, workers: int, markdown: Path | None, reports: bool) -> None:
    """Print the tables."""
    parts: list[Callable[[], str]] = [
        partial(peer, max(5, panels // 5)),
        partial(other_ability, max(5, panels // 2)),
        partial(power, max(5, panels // 4)),
        partial(chosen, max(5, 2 * panels)),
        partial(real_models, max(5, panels // 2)),
        partial(one_panel, max(3, panels // 20), 200),
        partial(counted_wrongly, max(5, panels // 2)),
    ]
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            alarmed, rest = pool.submit(false_alarms, panels), [pool.submit(part) for part in parts]
            alarms, counts = alarmed.result()
            found = [each.result() for each in rest]
    else:
        alarms, counts = false_alarms(panels)
        found = [part() for part in parts]
    text = f"{command('bench.panel')}, {where()}\n\n" + "\n".join([alarms, *found])
    print(text)
    if markdown is not None:
        write_section(markdown, "panel", text)
    if reports:
        write_reports(*counts)


if __name__ == "__main__":
    main()
