"""V-JEPA 2 checkpoints in transformers' format, from a local folder, tested through the common protocol.

``VJEPA2Model`` has no EMA copy: its targets come from the same encoder that sees the context.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Tensor

from steelyard.errors import InputError, MissingDependency
from steelyard_world.models.card import CARD, Card
from steelyard_world.models.model import WorldModel
from steelyard_world.models.vjepa.reader import ClipReader, resized
from steelyard_world.weights import digest

__all__ = ["HuggingFaceVJepa", "is_vjepa2", "load_vjepa2", "untrained_vjepa2"]

# The mean and deviation of ImageNet's channels, with which the checkpoints were trained.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class HuggingFaceVJepa(ClipReader):
    """A ``VJEPA2Model`` as a learner that is tested but not trained here. Frames are resized to its size."""

    kind: ClassVar[str] = "vjepa2"
    frames_at_once: int = 192  # a large checkpoint, at 256 × 256 pixels

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.config = model.config

    def window(self) -> tuple[int, int]:
        """The checkpoint's frames of a clip and of a tubelet."""
        return int(self.config.frames_per_clip), int(self.config.tubelet_size)

    def grid_of(self, frames: int) -> tuple[int, int, int]:
        """Tubelets of a clip of the checkpoint's crop size."""
        side = int(self.config.crop_size) // int(self.config.patch_size)
        return frames // int(self.config.tubelet_size), side, side

    def tokens(self, frames: Tensor) -> Tensor:
        """The last hidden states of the encoder."""
        latents: Tensor = self.model(self._prepared(frames), skip_predictor=True).last_hidden_state
        return latents

    def guess(self, frames: Tensor, seen: int) -> tuple[Tensor, Tensor]:
        """Guesses of the predictor and layer-normed latents of the whole clip; the context is encoded by itself."""
        time, down, across = self.grid_of(frames.shape[1])
        first = seen // int(self.config.tubelet_size) * down * across
        numbers = torch.arange(time * down * across, device=frames.device).expand(frames.shape[0], -1)
        visible, wanted = numbers[:, :first], numbers[:, first:]
        guesses: Tensor = self.model.predictor(
            encoder_hidden_states=self.tokens(frames[:, :seen]), context_mask=[visible], target_mask=[wanted]
        ).last_hidden_state
        targets = self.tokens(frames)[:, first:]
        return guesses, F.layer_norm(targets, targets.shape[-1:])

    def _prepared(self, frames: Tensor) -> Tensor:
        """Frames uint8 (B, T, H, W, 3) → float32 (B, T, 3, S, S), resized, normalised."""
        batch = frames.shape[0]
        side = int(self.config.crop_size)
        pixels = frames.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
        if pixels.shape[-2:] != (side, side):
            pixels = resized(pixels, side)
        mean, deviation = (pixels.new_tensor(numbers)[:, None, None] for numbers in (_MEAN, _DEVIATION))
        return ((pixels - mean) / deviation).reshape(batch, -1, 3, side, side)


def is_vjepa2(folder: Path) -> bool:
    """Whether a folder has transformers' layout, and not that of ``steelyard world train``."""
    return (folder / "config.json").is_file() and not (folder / CARD).exists()


def untrained_vjepa2(like: WorldModel) -> HuggingFaceVJepa:
    """Make the same architecture with untrained weights, drawn from torch's global generator."""
    model: Any = like.learner.model
    return HuggingFaceVJepa(type(model)(model.config)).requires_grad_(False)


def load_vjepa2(folder: str | Path) -> WorldModel:
    """Load a checkpoint folder (``config.json``, ``model.safetensors``); nothing is downloaded and no pickle is read.

    Raises InputError for a folder that holds no V-JEPA 2, lacks weights or has some of another shape, MissingDependency
    without transformers.
    """
    path = Path(folder)
    _expect_vjepa2(path)
    try:
        transformers: Any = importlib.import_module("transformers")
    except ImportError as error:
        raise MissingDependency("V-JEPA 2 checkpoints need transformers: pip install 'steelyard[hf]'") from error
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)  # what it would log is raised below, in one line
    logging.disable_progress_bar()
    try:
        model, report = transformers.VJEPA2Model.from_pretrained(
            path, local_files_only=True, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
    except Exception as error:  # transformers raises many kinds for a file it cannot read
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"these weights cannot be loaded ({reason}): copy the checkpoint again", where=path) from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
    if odd := sorted(report["mismatched_keys"]):
        name, found, wanted = odd[0]
        raise InputError(
            f"{name} has the shape {tuple(found)}, and config.json makes it {tuple(wanted)}: "
            "take weights and config.json of one checkpoint",
            where=path,
        )
    if missing := sorted(report["missing_keys"]):
        raise InputError(f"{len(missing)} weights are missing, as {missing[0]}: copy the checkpoint again", where=path)
    card = Card(kind="vjepa2", config=model.config.to_diff_dict(), action_size=0, sha256=digest(model.state_dict()))
    return WorldModel(HuggingFaceVJepa(model).requires_grad_(False), card, path.name)


def _expect_vjepa2(path: Path) -> None:
    config = path / "config.json"
    if not config.is_file():
        raise InputError("no config.json: give the folder of a V-JEPA 2 checkpoint in transformers' format", where=path)
    try:
        made = msgspec.json.decode(config.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InputError(f"is not a JSON object ({error}): copy the checkpoint again", where=config) from error
    if made.get("model_type") != "vjepa2":
        raise InputError(f"a {made.get('model_type')!r}, not a 'vjepa2': give a V-JEPA 2 checkpoint", where=config)
