"""The loop: it learns, logs, repeats itself exactly, and goes on exactly where it was stopped."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from packages.world.tests.small_worlds import SMALL, small_source
from steelyard.errors import InputError, Interrupted, MissingDependency
from steelyard_world.data.batch import Batch
from steelyard_world.learner import Learner
from steelyard_world.models.kinds import make_learner
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.distributed import Ranks
from steelyard_world.training.loop import TrainSettings, Update, train
from steelyard_world.training.resume import RESUME, Position, read_position
from steelyard_world.weights import digest

STEPS = 40
SETTINGS = TrainSettings(warm_up_steps=5, log_steps=5, checkpoint_steps=3, learning_rate=3e-3)

# What a killed process runs: the same training as the test's own, with a word after each step.
CHILD = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[2])
from packages.world.tests.training.test_loop import SETTINGS, STEPS, learner
from packages.world.tests.small_worlds import small_source
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import train
def tell(update):
    print(update.step, flush=True)
train(learner(), small_source(), TrainingBudget(steps=STEPS), SETTINGS, Path(sys.argv[1]), tell)
"""


def learner(**changed: Any) -> Learner:
    """The learner of all these tests, always with the same first weights."""
    torch.manual_seed(0)
    return make_learner("jepa", SMALL | changed, 2)


@pytest.fixture(scope="module")
def unstopped() -> str:
    """The digest of the weights after a training that was never stopped."""
    made = learner()
    train(made, small_source(), TrainingBudget(steps=STEPS), SETTINGS)
    return digest(made.state_dict())


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "train.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_losses_fall_and_are_logged(tmp_path: Path) -> None:
    updates: list[Update] = []
    trained = train(learner(), small_source(), TrainingBudget(steps=STEPS), SETTINGS, tmp_path, updates.append)
    rows = _rows(tmp_path)
    assert [int(row["step"]) for row in rows] == [1, *range(5, STEPS + 1, 5)]
    assert float(rows[-1]["rollout"]) < float(rows[0]["rollout"])
    assert trained.losses["total"] == pytest.approx(float(rows[-1]["total"]), rel=1e-4)
    assert (trained.steps, trained.frames) == (STEPS, STEPS * 8 * 4)
    assert [update.step for update in updates] == list(range(1, STEPS + 1))
    assert updates[-1].progress == 1


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path, unstopped: str) -> None:
    root = Path(__file__).parents[4]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(root)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 20:
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL
    stopped_at = read_position(tmp_path).step
    assert 0 < stopped_at < STEPS
    made = learner()
    trained = train(made, small_source(), TrainingBudget(steps=STEPS), SETTINGS, tmp_path, resume=True)
    assert trained.steps == STEPS
    assert digest(made.state_dict()) == unstopped
    assert [int(row["step"]) for row in _rows(tmp_path)] == [1, *range(5, STEPS + 1, 5)]


def test_an_interrupt_stops_after_the_step_and_says_how_to_go_on(tmp_path: Path, unstopped: str) -> None:
    def press(update: Update) -> None:
        if update.step == 7:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    # The signal comes while step 7 is told, so it is step 8 that ends first.
    with pytest.raises(Interrupted, match=rf"stopped after step 8, saved in {tmp_path}: continue with --resume"):
        train(learner(), small_source(), TrainingBudget(steps=STEPS), SETTINGS, tmp_path, press)
    assert signal.getsignal(signal.SIGINT) is before
    made = learner()
    train(made, small_source(), TrainingBudget(steps=STEPS), SETTINGS, tmp_path, resume=True)
    assert digest(made.state_dict()) == unstopped


def test_the_slow_target_is_resumed_too(tmp_path: Path) -> None:
    def stop(update: Update) -> None:
        if update.step == 4:
            signal.raise_signal(signal.SIGINT)

    digests = []
    for folder in (None, tmp_path):
        made = learner(anti_collapse="ema")
        if folder is not None:
            with pytest.raises(Interrupted):
                train(learner(anti_collapse="ema"), small_source(), TrainingBudget(steps=10), SETTINGS, folder, stop)
        train(made, small_source(), TrainingBudget(steps=10), SETTINGS, folder, resume=folder is not None)
        digests.append(digest(made.state_dict()))
    assert digests[0] == digests[1]


def test_a_resume_of_another_training_is_refused(tmp_path: Path) -> None:
    train(learner(), small_source(), TrainingBudget(steps=2), SETTINGS, tmp_path)
    for made, source, settings, said in (
        (learner(hidden=33), small_source(), SETTINGS, "model hidden: 33, not 32"),
        (learner(), small_source(seed=1), SETTINGS, 'source seed: "1", not "0"'),
        (learner(), small_source(), msgspec.structs.replace(SETTINGS, seed=9), "training seed: 9, not 0"),
    ):
        with pytest.raises(InputError, match=said):
            train(made, source, TrainingBudget(steps=4), settings, tmp_path, resume=True)
    (tmp_path / RESUME).write_bytes(b"half a file")
    with pytest.raises(InputError, match="not a whole safetensors file"):
        train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path, resume=True)
    (tmp_path / RESUME).unlink()
    with pytest.raises(InputError, match="nothing to resume"):
        train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path, resume=True)


def test_budgets_end_at_whichever_limit_comes_first() -> None:
    trained = train(learner(), small_source(), TrainingBudget(steps=50, frames=100), SETTINGS)
    assert (trained.steps, trained.frames) == (4, 128)
    begun = time.process_time()
    trained = train(learner(), small_source(), TrainingBudget(cpu_seconds=0.3), SETTINGS)
    assert 0.3 <= trained.cpu_seconds <= time.process_time() - begun
    nan, infinite = float("nan"), float("inf")
    for nothing in (
        {},
        {"steps": 0},
        {"cpu_seconds": -1.0},
        {"cpu_seconds": nan},
        {"steps": 1, "cpu_seconds": infinite},
    ):
        with pytest.raises(InputError, match="needs a budget above 0"):
            TrainingBudget(**nothing)


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    settings = msgspec.structs.replace(SETTINGS, learning_rate=1e30, warm_up_steps=0, log_steps=1)
    with pytest.raises(InputError, match="the loss is not finite at step"):
        train(learner(), small_source(), TrainingBudget(steps=20), settings)


@pytest.mark.parametrize("log_steps", [1, 1000])
def test_weights_that_are_no_numbers_are_never_kept(tmp_path: Path, log_steps: int) -> None:
    settings = msgspec.structs.replace(
        SETTINGS, learning_rate=1e30, warm_up_steps=0, log_steps=log_steps, checkpoint_steps=1
    )
    with pytest.raises(InputError, match="not finite"):
        train(learner(), small_source(), TrainingBudget(steps=20), settings, tmp_path)
    kept = load_file(tmp_path / RESUME) if (tmp_path / RESUME).exists() else {}
    assert all(bool(torch.isfinite(tensor).all()) for tensor in kept.values())
    made = learner()
    with torch.no_grad():
        next(made.parameters()).mul_(float("nan"))
    with pytest.raises(InputError, match="not finite at step 1:"):
        train(made, small_source(), TrainingBudget(steps=2), SETTINGS, tmp_path / "other")
    assert not (tmp_path / "other" / RESUME).exists()


@pytest.mark.parametrize("wrong", [{"learning_rate": float("nan")}, {"learning_rate": 0.0}, {"log_steps": 0}])
def test_settings_that_nothing_trains_with_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        TrainSettings(**wrong)


def test_a_resume_past_its_budget_is_refused_and_deletes_nothing(tmp_path: Path) -> None:
    train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path)
    before = (tmp_path / RESUME).read_bytes(), (tmp_path / "train.csv").read_bytes()
    for passed in (TrainingBudget(steps=3), TrainingBudget(frames=3 * 32), TrainingBudget(cpu_seconds=1e-4)):
        with pytest.raises(InputError, match=r"after 4 steps, 128 frames .* past this budget: give a larger one"):
            train(learner(), small_source(), passed, SETTINGS, tmp_path, resume=True)
    assert before == ((tmp_path / RESUME).read_bytes(), (tmp_path / "train.csv").read_bytes())
    assert train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path, resume=True).steps == 4


def test_a_resume_with_nothing_left_to_do_returns_the_earlier_losses(tmp_path: Path) -> None:
    before = train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path)
    assert before.losses["total"] > 0
    after = train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path, resume=True)
    assert (after.steps, after.losses) == (4, before.losses)


def test_a_position_that_was_written_without_losses_is_read() -> None:
    assert msgspec.json.decode(b'{"step": 4, "frames": 128, "identity": {}}', type=Position).losses == {}


def test_what_the_sources_processes_take_is_counted_over_a_resume_too(tmp_path: Path) -> None:
    class Decoded:
        """Batches that processes of their own took 100 CPU-seconds each for."""

        action_size, cpu_seconds = 2, 1000.0  # these before the training began

        def __init__(self) -> None:
            self.made = small_source()
            self.description = self.made.description

        def batch(self, step: int, rows: slice) -> Batch:
            self.cpu_seconds += 100
            return self.made.batch(step, rows)

        def close(self) -> None:
            self.made.close()

    begun = time.process_time()
    assert train(learner(), Decoded(), TrainingBudget(steps=2), SETTINGS, tmp_path).cpu_seconds > 200
    both = train(learner(), Decoded(), TrainingBudget(cpu_seconds=350), SETTINGS, tmp_path, resume=True)
    assert both.steps == 4
    assert 400 < both.cpu_seconds <= 400 + time.process_time() - begun


def test_rows_are_compared_on_the_first_batch_of_a_resumed_run_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(Ranks, "expect_equal", lambda _, rows: seen.append(rows))
    train(learner(), small_source(), TrainingBudget(steps=2), SETTINGS, tmp_path)
    train(learner(), small_source(), TrainingBudget(steps=4), SETTINGS, tmp_path, resume=True)
    assert seen == [8, 8]


def test_tensorboard_is_asked_for_by_name(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from importlib.util import find_spec

    if find_spec("tensorboard") is not None:
        pytest.skip("TensorBoard is installed here")
    settings = msgspec.structs.replace(SETTINGS, tensorboard=True)
    with pytest.raises(MissingDependency, match="pip install tensorboard"):
        train(learner(), small_source(), TrainingBudget(steps=1), settings, tmp_path)
