"""Tests that any world model must pass: physics, planning, memory, reasoning, sample efficiency, robustness.

They know nothing of how a model was trained, and reach it through
:class:`steelyard.world.protocol.WorldUnderTest`.
"""
