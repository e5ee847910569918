"""Simulated worlds: small rooms and scenes with exact state, drawn at 64 × 64. NumPy only, no learning.

Models are trained in them (``world.training``) and tested in them (``world.evaluation``). To check a verdict, one
replays the recorded actions, which needs nothing but this package.
"""
