"""A loopback OpenAI-compatible recorder: any harness that is pointed at it leaves our journal and our bundle.

:mod:`~steelyard.gateway.server` passes calls on, :mod:`~steelyard.gateway.recorder` writes them down; what follows from
the journal (:mod:`~steelyard.gateway.summary`, :mod:`~steelyard.gateway.seal`) is pure, so that a stranger can compute
it again.
"""

from __future__ import annotations
