"""World models that learn from video: JEPAs, and the baselines that they are compared with.

Needs torch: ``pip install 'steelyard[world]'``.
"""
