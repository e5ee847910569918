"""Scorers of a world model's answers: the truth is computed again from the seed, with NumPy and the simulators alone.

They need no model and no torch, so anyone can score the answers of a sealed run again. An answer holds what was done,
and the simulator decides whether that reached the goal.
"""
