"""A recording proxy on loopback for OpenAI-compatible endpoints: any harness that uses it leaves a sealed bundle.

:mod:`~steelyard.gateway.server` forwards calls, :mod:`~steelyard.gateway.recorder` writes them to the journal. The
summary and the report are pure functions of the journal, so anyone can recompute them.
"""

from __future__ import annotations
