"""Where world models are tested: small rooms and scenes with exact state, drawn at 64 × 64. NumPy only, no learning.

``worldmodel`` learns in them, ``worldtests`` judges in them, and neither owns them: a verdict is checked by playing the
recorded actions again, which needs nothing but this package.
"""
