"""Tests of any world model: physics, planning, memory, reasoning, sample efficiency, robustness.

They do not depend on how a model was trained, and use it through
:class:`steelyard_world.protocol.WorldUnderTest`.
"""
