"""Runs model-written Python in isolation, or not at all.

:class:`Sandbox` runs one program; :mod:`steelyard.scorers.sandbox.examine` scores one against tests, in such a way that
no program can score itself. Each run has a control group (memory and processes of all its processes together), another
user where we are root, namespaces of its own without capabilities, and resource limits.
"""

from __future__ import annotations

from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.limits import End, Execution, SandboxError, SandboxLimits

__all__ = ["End", "Execution", "Sandbox", "SandboxError", "SandboxLimits"]
