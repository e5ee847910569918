"""Importers and exporters: other harnesses' logs become runs, published results become claim sheets.

An imported run is an ordinary sealed run that records its origin: Steelyard did not see its calls.
"""

from __future__ import annotations
