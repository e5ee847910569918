"""Any functions as a world model under test; missing functions and wrong shapes raise clear errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from steelyard.errors import InputError, MissingDependency
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["CallableWorld"]


class CallableWorld:
    """A name and up to four functions, with the shapes of :class:`steelyard_world.protocol.WorldUnderTest`.

    A test that needs a function which is not given raises MissingDependency; a result of another shape raises
    InputError, since a wrong axis would otherwise count as a wrong answer.
    """

    def __init__(
        self,
        name: str,
        *,
        surprise: Callable[[Frames], Any] | None = None,
        rollout: Callable[[Frames, Floats], Any] | None = None,
        distance: Callable[[Any, Frames], Any] | None = None,
        features: Callable[[Frames], Any] | None = None,
    ) -> None:
        self.name = name
        self._surprise = surprise
        self._rollout = rollout
        self._distance = distance
        self._features = features

    def surprise(self, clips: Frames) -> Floats:
        """(B, T, H, W, 3) → (B, T − 1); raises MissingDependency without the function, InputError for another shape."""
        found = self._given(self._surprise, "surprise")(clips)
        return self._shaped(found, "surprise", (clips.shape[0], clips.shape[1] - 1))

    def rollout(self, observations: Frames, actions: Floats) -> Any:
        """Observations (B, H, W, 3), actions (B, N, K, A) → opaque states (B, N, K, …); raises MissingDependency."""
        return self._given(self._rollout, "rollout")(observations, actions)

    def distance(self, states: Any, goals: Frames) -> Floats:
        """States, goals (B, H, W, 3) → (B, N, K); raises MissingDependency, InputError for another shape."""
        found = np.asarray(self._given(self._distance, "distance")(states, goals), dtype=np.float32)
        if found.ndim != 3 or len(found) != len(goals):
            raise InputError(f"{self.name}: distance gave the shape {found.shape}; ({len(goals)}, N, K) is needed")
        return found

    def features(self, clips: Frames) -> Floats:
        """(B, T, H, W, 3) → (B, T, F); raises MissingDependency, InputError for another shape."""
        found = self._given(self._features, "features")(clips)
        return self._shaped(found, "features", (*clips.shape[:2], None))

    def _given(self, function: Callable[..., Any] | None, what: str) -> Callable[..., Any]:
        if function is None:
            raise MissingDependency(f"{self.name} has no {what}: give CallableWorld a function {what}=…")
        return function

    def _shaped(self, found: Any, what: str, shape: tuple[int | None, ...]) -> Floats:
        array = np.asarray(found, dtype=np.float32)
        fits = array.ndim == len(shape) and all(
            wanted is None or size == wanted for size, wanted in zip(array.shape, shape, strict=True)
        )
        if not fits:
            wanted = str(shape).replace("None", "F")
            raise InputError(f"{self.name}: {what} gave the shape {array.shape}; {wanted} is needed")
        return array
