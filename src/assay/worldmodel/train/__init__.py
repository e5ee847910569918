"""Training: one loop for all kinds, on one process or many, that stops and goes on exactly where it was."""

from assay.worldmodel.train.budget import Budget
from assay.worldmodel.train.loop import Progress, Trained, TrainSettings, Update, train

__all__ = ["Budget", "Progress", "TrainSettings", "Trained", "Update", "train"]
