"""Training: one loop for all kinds, on one process or many, that stops and goes on exactly where it was."""

from steelyard.world.training.budget import TrainingBudget
from steelyard.world.training.loop import Progress, Trained, TrainSettings, Update, train

__all__ = ["Progress", "TrainSettings", "Trained", "TrainingBudget", "Update", "train"]
