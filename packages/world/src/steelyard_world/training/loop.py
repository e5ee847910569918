"""The one training loop: AdamW, warm-up and cosine over the budget, clipped gradients, exact resumption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Generator, Tensor, nn

from steelyard.errors import InputError, Interrupted
from steelyard_world.data.batch import Batch, HasWorkers, Source
from steelyard_world.learner import Learner
from steelyard_world.training.allocator import keep_freed_memory
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.distributed import Ranks, joined, shared
from steelyard_world.training.interrupt import StopOnInterrupt
from steelyard_world.training.log import TrainLog
from steelyard_world.training.resume import Position, restore, write_position

__all__ = ["Progress", "TrainSettings", "Trained", "Update", "train"]

_FLOOR = 0.02  # the learning rate's cosine ends at this share of it


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to train; the same settings for all kinds, so that comparisons are fair."""

    seed: int = 0
    learning_rate: float = 1.5e-3
    warm_up_steps: int = 50
    weight_decay: float = 1e-5
    clip_norm: float = 2.0
    log_steps: int = 25
    checkpoint_seconds: float = 60.0
    checkpoint_steps: int | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for settings that no optimiser takes."""
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"a learning rate of {self.learning_rate:g}: it must be above 0 and finite")
        if not 0 <= self.weight_decay < math.inf or not self.clip_norm > 0:
            raise InputError("weight decay must be finite and at least 0, and gradients are clipped to a norm above 0")
        if self.warm_up_steps < 0 or min(self.log_steps, self.checkpoint_steps or 1) < 1:
            raise InputError("a warm-up takes 0 or more steps; the log and checkpoints come every 1 or more steps")


class Update(msgspec.Struct, frozen=True):
    """The state of a training after a step, for a progress callback."""

    step: int
    frames: int
    progress: float
    seconds: float
    cpu_seconds: float
    losses: dict[str, float]


class Trained(msgspec.Struct, frozen=True):
    """What a training used, and its last logged losses."""

    steps: int
    frames: int
    seconds: float
    cpu_seconds: float
    losses: dict[str, float]


Progress = Callable[[Update], None]


def train(
    learner: Learner,
    source: Source,
    budget: TrainingBudget,
    settings: TrainSettings | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    *,
    resume: bool = False,
) -> Trained:
    """Train in place until the budget is used, alone or as one process of torchrun's.

    With ``out``, ``train.csv`` and, at intervals, ``resume.safetensors`` are written there. With ``resume`` the
    training continues from that file: with the same budget of steps or frames the final weights are those of a training
    that never stopped, bit for bit.

    Raises:
        Interrupted: On Ctrl-C, after writing ``resume.safetensors``.
        InputError: For a batch that does not divide into the processes, a resume of another training or past its
            budget, and losses or weights that are not finite.
    """
    keep_freed_memory()
    with joined() as ranks, StopOnInterrupt() as interrupt:
        course = _Course(learner, source, budget, settings or TrainSettings(), out, progress, ranks)
        return course.run(interrupt, resume=resume)


class _Course:
    def __init__(
        self,
        learner: Learner,
        source: Source,
        budget: TrainingBudget,
        settings: TrainSettings,
        out: Path | None,
        progress: Progress | None,
        ranks: Ranks,
    ) -> None:
        self.device = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else None
        self.learner = learner if self.device is None else learner.to(self.device)
        self.source, self.budget, self.settings = source, budget, settings
        self.out, self.show, self.ranks = out, progress, ranks
        self.optimiser = torch.optim.AdamW(
            [parameter for parameter in self.learner.parameters() if parameter.requires_grad],
            settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,  # a twentieth of a small model's training
        )
        self.position = Position(identity=self._identity())
        self.last_saved = 0.0
        self.rows_agree = False

    def run(self, interrupt: StopOnInterrupt, *, resume: bool) -> Trained:
        if resume:
            if self.out is None:
                raise InputError("a training without a folder cannot be resumed: give the folder")
            self.position = restore(self.out, self._identity(), self.learner, self.optimiser)
            self._expect_budget_left()
        writes = self.out is not None and self.ranks.first
        log = (
            TrainLog(self.out, after=self.position.step, tensorboard=self.settings.tensorboard)
            if writes and self.out
            else None
        )
        network = self._network()
        before, cpu_before, wall_before = self.position, self._cpu_seconds(), time.monotonic()
        self.last_saved = wall_before
        self.learner.train()
        try:
            while (used := self._used()) < 1:
                frames = self._step(network, used)
                cpu, stop, shown = self.ranks.total(self._cpu_seconds() - cpu_before, interrupt.asked, frames)
                self.position = msgspec.structs.replace(
                    self.position,
                    step=self.position.step + 1,
                    frames=self.position.frames + int(shown),
                    cpu_seconds=before.cpu_seconds + cpu,
                    seconds=before.seconds + time.monotonic() - wall_before,
                )
                self._report(log)
                if stop:
                    self._interrupted()
                self._save_if_due()
            self._save()
        finally:
            if log is not None:
                log.close()
        self.learner.eval()
        place = self.position
        return Trained(place.step, place.frames, place.seconds, place.cpu_seconds, place.losses)

    def _step(self, network: nn.Module, used: float) -> int:
        step = self.position.step
        batch = self._batch(step)
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate(step, used)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device is not None):
            losses: dict[str, Tensor] = network(batch, step, self._generator(step))
        self._expect_number(*self.ranks.total(float(losses["total"].detach())))
        self.optimiser.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.learner.parameters(), self.settings.clip_norm)
        self._expect_number(float(norm))
        self.optimiser.step()
        self.learner.after_step(step, used)
        if self._is_logged(step + 1):
            self.position = msgspec.structs.replace(self.position, losses=self._mean_losses(losses))
        return batch.frames.shape[0] * batch.frames.shape[1]

    def _batch(self, step: int) -> Batch:
        batch = self.source.batch(step, self.ranks.rows)
        if not self.rows_agree:
            self.ranks.expect_equal(batch.frames.shape[0])
            self.rows_agree = True
        if self.device is None:
            return batch
        actions = None if batch.actions is None else batch.actions.to(self.device, non_blocking=True)
        return Batch(batch.frames.to(self.device, non_blocking=True), actions)

    def _network(self) -> nn.Module:
        network = shared(self.learner, self.ranks)
        if self.device is None:
            return network
        compiled: Any = torch.compile(network)
        return compiled  # type: ignore[no-any-return]

    def _cpu_seconds(self) -> float:
        """CPU-seconds of this process's threads and of the source's workers."""
        return time.process_time() + (self.source.cpu_seconds if isinstance(self.source, HasWorkers) else 0.0)

    def _used(self) -> float:
        return self.budget.progress(self.position.step, self.position.frames, self.position.cpu_seconds)

    def _expect_budget_left(self) -> None:
        """Raise InputError where the budget ended before the last step taken.

        Where it ended with that step, the training was killed before its model was saved, and only that is left to do.
        """
        place = self.position
        before = (place.step - 1) / place.step if place.step else 0.0
        if (
            place.step
            and self.budget.progress(place.step - 1, int(place.frames * before), place.cpu_seconds * before) >= 1
        ):
            raise InputError(
                f"the training stopped here after {place.step:,} steps, {place.frames:,} frames and "
                f"{place.cpu_seconds:.1f} CPU-seconds, past this budget: give a larger one",
                where=self.out,
            )

    def _learning_rate(self, step: int, used: float) -> float:
        warm = min(1.0, (step + 1) / self.settings.warm_up_steps) if self.settings.warm_up_steps else 1.0
        cosine = 0.5 * (1 + math.cos(math.pi * min(used, 1.0)))
        return self.settings.learning_rate * warm * (_FLOOR + (1 - _FLOOR) * cosine)

    def _generator(self, step: int) -> Generator:
        mixed = np.random.SeedSequence([self.settings.seed, step]).generate_state(1, np.uint64)[0]
        return Generator().manual_seed(int(mixed >> np.uint64(1)))

    def _is_logged(self, step: int) -> bool:
        return step == 1 or step % self.settings.log_steps == 0 or step == self.budget.steps

    def _mean_losses(self, losses: dict[str, Tensor]) -> dict[str, float]:
        means = self.ranks.total(*(float(value.detach()) / self.ranks.size for value in losses.values()))
        return dict(zip(losses, means, strict=True))

    def _expect_number(self, seen: float) -> None:
        """Stop before a step that would make weights non-finite; all processes see the same and stop together."""
        if not math.isfinite(seen):
            raise InputError(
                f"the loss is not finite at step {self.position.step + 1}: try a lower learning rate than "
                f"{self.settings.learning_rate:g}"
            )

    def _report(self, log: TrainLog | None) -> None:
        place = self.position
        if log is not None and self._is_logged(place.step):
            row = {
                "step": place.step,
                "frames": place.frames,
                "seconds": place.seconds,
                "cpu_seconds": place.cpu_seconds,
            }
            log.write(row | {"learning_rate": float(self.optimiser.param_groups[0]["lr"])} | place.losses)
        if self.show is not None and self.ranks.first:
            used = min(self._used(), 1.0)
            self.show(Update(place.step, place.frames, used, place.seconds, place.cpu_seconds, place.losses))

    def _save_if_due(self) -> None:
        every = self.settings.checkpoint_steps
        by_steps = every is not None and self.position.step % every == 0
        if by_steps or time.monotonic() - self.last_saved >= self.settings.checkpoint_seconds:
            self._save()

    def _save(self) -> None:
        self.last_saved = time.monotonic()
        for name, tensor in self.learner.state_dict().items():
            if not bool(torch.isfinite(tensor).all()):
                raise InputError(
                    f"{name} is not finite after step {self.position.step}, so nothing was written: try a lower "
                    f"learning rate than {self.settings.learning_rate:g}"
                )
        if self.out is not None and self.ranks.first:
            write_position(self.out, self.position, self.learner, self.optimiser)

    def _interrupted(self) -> None:
        self._save()
        if self.out is None:
            raise Interrupted(f"stopped after step {self.position.step}; nothing was saved, since no folder was given")
        raise Interrupted(f"stopped after step {self.position.step}, saved in {self.out}: continue with --resume")

    def _identity(self) -> dict[str, Any]:
        """What must be equal for a resume to be the same training; the budget may be raised, so it is not included."""
        fixed = ("seed", "learning_rate", "warm_up_steps", "weight_decay", "clip_norm")
        identity: dict[str, Any] = {
            "kind": self.learner.kind,
            "model": self.learner.config,
            "training": {name: getattr(self.settings, name) for name in fixed},
            "source": dict(self.source.description),
        }
        as_read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(identity))  # lists for tuples
        return as_read
