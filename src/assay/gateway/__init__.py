"""A loopback OpenAI-compatible recorder: any harness that is pointed at it leaves our journal and our bundle.

:mod:`~assay.gateway.server` passes calls on, :mod:`~assay.gateway.recorder` writes them down; what follows from the
journal (:mod:`~assay.gateway.summary`, :mod:`~assay.gateway.seal`) is pure, so that a stranger can compute it again.
"""

from __future__ import annotations
