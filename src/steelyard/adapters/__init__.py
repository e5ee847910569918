"""What other harnesses leave, read into our records: their logs into runs, published results into claim sheets.

An imported run is an ordinary sealed run that says where it comes from: we did not see its calls.
"""

from __future__ import annotations
