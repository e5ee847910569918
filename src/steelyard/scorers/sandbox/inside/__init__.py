"""The programs that run inside the sandbox: the candidate's side, the examiner's side, and what passes between them.

They are handed in as text, and use the standard library alone. Steelyard itself imports ``values``, to encode a job.
"""
