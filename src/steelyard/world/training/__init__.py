"""Training: one loop for all kinds of model, on one process or many, that resumes exactly."""

from steelyard.world.training.budget import TrainingBudget
from steelyard.world.training.loop import Progress, Trained, TrainSettings, Update, train

__all__ = ["Progress", "TrainSettings", "Trained", "TrainingBudget", "Update", "train"]
