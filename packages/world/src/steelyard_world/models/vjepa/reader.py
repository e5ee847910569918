"""Frame-by-frame tests of a transformer over whole clips, by windows that end with each frame."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Tensor

from steelyard.errors import InputError, MissingDependency
from steelyard_world.learner import Learner

__all__ = ["ClipReader", "resized"]

_CELLS = 4
_NO_ACTIONS = "a V-JEPA learned from plain video and knows no actions: test its features and its surprise"


class ClipReader(Learner):
    """The base of all V-JEPAs, which give :meth:`tokens` and :meth:`guess`.

    Clips may be longer than a window and of any picture size; :func:`resized` adapts them.
    """

    sees_all_sizes: ClassVar[bool] = True

    def window(self) -> tuple[int, int]:
        """Give the frames of the longest clip that is encoded at once, and those of one tubelet."""
        raise NotImplementedError

    def grid_of(self, frames: int) -> tuple[int, int, int]:
        """Give the numbers of tubelets in time, down and across, for a clip of so many frames."""
        raise NotImplementedError

    def tokens(self, frames: Tensor) -> Tensor:
        """Latents of a clip (B, T, H, W, 3), T a multiple of the tubelet, at most a window → (B, N, D), time first."""
        raise NotImplementedError

    def guess(self, frames: Tensor, seen: int) -> tuple[Tensor, Tensor]:
        """Predict the last tubelets of a clip from those of its first ``seen`` frames alone.

        Gives guesses and targets, (B, M, D) each, M over the tubelets after ``seen``.
        """
        raise NotImplementedError

    def encode(self, frames: Tensor) -> Tensor:
        """Mean latents (B, T, D) of single frames, each made a tubelet by repetition."""
        batch, length = frames.shape[:2]
        tubelet = self.window()[1]
        stills = frames.flatten(0, 1)[:, None].expand(-1, tubelet, -1, -1, -1)
        return self.tokens(stills).mean(dim=1).reshape(batch, length, -1)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """After each frame, the latents of the tubelet that ends with it, averaged over 4 × 4 cells: (B, T, 16 · D).

        Only that frame and earlier ones were encoded, at most a window; before the first frame, it is repeated.
        """
        return torch.stack([self._cells(self._until(frames, last)) for last in range(frames.shape[1])], dim=1)

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """L1 error (B, T − 1) of guessing the tubelet that each frame is in from the tubelets before it.

        At most one window is looked back. Frames of the first tubelet have nothing before them and get 0; a last frame
        without a whole tubelet is repeated. Raises InputError for a clip of no more than one tubelet.
        """
        window, tubelet = self.window()
        length = frames.shape[1]
        if length <= tubelet:
            raise InputError(f"a clip of {length} frames is too short for surprise: at least {tubelet + 1} are needed")
        padded = torch.cat([frames, frames[:, -1:].expand(-1, -length % tubelet, -1, -1, -1)], dim=1)
        errors = [frames.new_zeros((frames.shape[0], tubelet), dtype=torch.float32)]
        for seen in range(tubelet, padded.shape[1], tubelet):
            clip = padded[:, max(0, seen + tubelet - window) : seen + tubelet]
            guesses, targets = self.guess(clip, clip.shape[1] - tubelet)
            error = (guesses - targets).abs().mean(dim=(1, 2))
            errors.append(error[:, None].expand(-1, tubelet))
        return torch.cat(errors, dim=1)[:, 1:length]

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """Raise MissingDependency: the training videos had no actions."""
        raise MissingDependency(_NO_ACTIONS)

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Raise MissingDependency: the training videos had no actions."""
        raise MissingDependency(_NO_ACTIONS)

    def _until(self, frames: Tensor, last: int) -> Tensor:
        window, tubelet = self.window()
        seen = frames[:, max(0, last + 1 - window) : last + 1]
        return torch.cat([seen[:, :1].expand(-1, -seen.shape[1] % tubelet, -1, -1, -1), seen], dim=1)

    def _cells(self, clip: Tensor) -> Tensor:
        _, down, across = self.grid_of(clip.shape[1])
        last = self.tokens(clip)[:, -down * across :]
        image = last.transpose(1, 2).reshape(len(last), -1, down, across)
        return F.adaptive_avg_pool2d(image, (min(_CELLS, down), min(_CELLS, across))).flatten(1)


def resized(pixels: Tensor, side: int) -> Tensor:
    """Float pictures (N, 3, H, W) → (N, 3, side, side), bilinear with antialiasing; what was no square is stretched."""
    return F.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
