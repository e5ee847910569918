"""Personal data and secrets: found by rules, replaced by placeholders. Pure functions over texts; nothing is written.

:func:`steelyard.suites.redaction.redactor.redact` is the entrance, :mod:`steelyard.suites.redaction.diff` shows what it
changed. Each rule finds spans in a text whose look-alike characters were folded (``surface``).
"""
