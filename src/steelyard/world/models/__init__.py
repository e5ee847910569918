"""World models that learn from video: a JEPA, its planners and memory, and the baselines it must beat. Needs torch.

Install with ``pip install 'steelyard[world]'``. Nothing outside this package imports it before it is asked for.
"""
