"""Made-up records for the pictures and the page: nothing here was measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from steelyard_world.evaluation.result import ScoreSummary
from steelyard_world.report.attention import attention_strip
from steelyard_world.report.efficiency_chart import CurvePoint, EfficiencyCurves
from steelyard_world.report.film_strip import FilmRow, FilmStrip
from steelyard_world.report.page import Page
from steelyard_world.report.surprise_chart import SurprisePair

HOSTILE = "</text><script>alert(1)</script> \"'> {{7*7}} ${datum.row} &amp; ]]> \x1b[2J"


def summary(**changes: Any) -> ScoreSummary:
    given: dict[str, Any] = {
        "test": "planning",
        "world": "two-room",
        "model": "jepa",
        "measure": "goals reached",
        "score": 0.81,
        "low": 0.724,
        "high": 0.883,
        "floor": 0.37,
        "floor_name": "straight line",
        "gain": 0.44,
        "gain_low": 0.32,
        "gain_high": 0.55,
        "ceiling": 0.93,
        "ceiling_name": "true dynamics",
        "normalised": 0.786,
        "normalised_low": 0.66,
        "normalised_high": 0.91,
        "seeds": 3,
        "units": 100,
        "by_seed": (0.78, 0.83, 0.82),
        "controls": {"random": 0.03, "straight line": 0.37, "true dynamics": 0.93},
        "settings": {"planner": "cem", "horizon": 12, "samples": 256, "iterations": 4, "cost": "min"},
    }
    return ScoreSummary(**(given | changes))


def summaries() -> list[ScoreSummary]:
    none = {"normalised": None, "normalised_low": None, "normalised_high": None, "ceiling": None, "ceiling_name": ""}
    chance = {"floor": 0.5, "floor_name": "chance", "measure": "pairs told", "settings": {}}
    error = {"floor": 2.32, "floor_name": "untrained", "measure": "error in pixels", "better": "lower"}
    return [
        summary(),
        summary(world="two-room-fixed", score=0.91, low=0.86, high=0.95, ceiling=0.9, normalised=1.02),
        summary(
            test="shift",
            condition="colour",
            score=0.35,
            low=0.22,
            high=0.47,
            gain=-0.02,
            gain_low=-0.15,
            gain_high=0.12,
            normalised=-0.04,
            normalised_low=-0.2,
            normalised_high=0.18,
        ),
        summary(
            test="physics", condition="permanence", world="scenes", score=0.86, low=0.8, high=0.91, **chance, **none
        ),
        summary(
            test="physics",
            condition="gravity",
            world="scenes",
            score=0.41,
            low=0.35,
            high=0.48,
            gain=-0.09,
            gain_low=-0.15,
            gain_high=-0.02,
            **chance,
            **none,
        ),
        summary(
            test="memory", condition="hidden object", world="scenes", score=1.2, low=1.05, high=1.39, **error, **none
        ),
    ]


def clip(steps: int = 16, stop: int = 99) -> Any:
    """A dot that moves right, and stops at a frame."""
    frames = np.full((steps, 64, 64, 3), 20, np.uint8)
    for step in range(steps):
        x = 4 + 3 * min(step, stop)
        frames[step, 28:36, x : x + 8] = (230, 60, 40)
        frames[step, :, 30:33] = (0, 200, 110)
    return frames


def film(title: str = "Seed 7: the goal is reached") -> FilmStrip:
    frames = clip(9)
    imagined = [None, *np.roll(frames[1:], 2, axis=1)]
    rows = (FilmRow("real", list(frames)), FilmRow("imagined", imagined), FilmRow("goal", [frames[8]]))
    return FilmStrip(title, "Gap at the end 3.1 px.", tuple(str(4 * step) for step in range(9)), rows)


def pair(title: str = "permanence, scene 3") -> SurprisePair:
    time = np.arange(15, dtype=np.float32)
    possible = 0.2 + 0.05 * np.sin(time)
    impossible = np.where(time < 9, possible, 0.2 + 0.9 * np.exp(-(time - 9) / 3)).astype(np.float32)
    return SurprisePair(title, possible.astype(np.float32), impossible, 10, clip(), clip(stop=9))


def curves(by: str, title: str = "Planning in two-room") -> EfficiencyCurves:
    rng = np.random.default_rng(len(by))
    points = [
        CurvePoint(method, amount, score, score - 0.06, score + 0.05)
        for method, slope in (("jepa", 0.15), ("pixel", 0.1), ("vq-gpt", 0.06), ("rssm", 0.12))
        for step, amount in enumerate((4000, 16000, 64000, 256000))
        for score in [0.3 + slope * step + 0.03 * float(rng.random())]
    ]
    said = "JEPA needs fewer frames than pixel here; it shows nothing of larger worlds."
    return EfficiencyCurves(title, by, "goals reached", tuple(points), floor=0.37, ceiling=0.93, conclusion=said)


def page(hostile: bool = False) -> Page:
    """A page with everything on it; ``hostile`` puts markup into every text."""
    words = HOSTILE if hostile else ""
    weights = np.random.default_rng(0).random((8, 4, 4)).astype(np.float32) ** 4
    return Page(
        title=words or "jepa, 3 trainings",
        subtitle=words or "two-room, 2,000 steps each",
        summaries=[summary(test=words, world=words, floor_name=words, settings={words: words})]
        if hostile
        else summaries(),
        films=[film(words), film()] if hostile else [film()],
        surprises=[pair(words) if hostile else pair()],
        curves=[curves("frames", words or "Planning in two-room"), curves("CPU-seconds")],
        attentions=[attention_strip(words or "natural textures, clip 2", clip(), weights)],
        left_out=[words or "memory: this model keeps no state over time"],
        facts=[("kind", words or "jepa"), ("sha256", "0123456789abcdef" * 4)],
        command=words or "steelyard world eval runs/a runs/b runs/c --test planning",
        version="0.1.0",
    )
