"""How fast worlds are drawn: frames a CPU-second on one core. ``python -m bench.world_drawing``."""

from __future__ import annotations

import time

from steelyard_world.sim.catalog import NAMES, simulator
from steelyard_world.sim.simulator import Floats, Simulator

EPISODES, STEPS, ROUNDS = 256, 9, 5


def rate(world: Simulator, states: Floats) -> float:
    """Frames a CPU-second: the best of some rounds, which is the one that was least disturbed."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        world.draw(states)
        best = min(best, time.process_time() - start)
    return EPISODES * STEPS / best


def main() -> None:
    """Print one line a world: frames drawn, and steps of exploring, a CPU-second."""
    print(f"{'world':<16} {'frames/CPU-s':>14} {'steps/CPU-s':>14}")
    for name in NAMES:
        world = simulator(name)
        start = time.process_time()
        states, _ = world.explore(range(EPISODES), STEPS)
        explored = EPISODES * STEPS / (time.process_time() - start)
        print(f"{name:<16} {rate(world, states):>14,.0f} {explored:>14,.0f}")


if __name__ == "__main__":
    main()
