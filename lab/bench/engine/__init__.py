"""The engine against the harnesses that users would pick instead, on one server whose answers and faults are known.

``python -m bench.engine`` measures speed and memory, ``bench.engine.resume`` kills and resumes, ``bench.engine.faults``
breaks the server on purpose. Each prints what was promised as PASS or FAIL, and exits 1 where something failed.
"""
