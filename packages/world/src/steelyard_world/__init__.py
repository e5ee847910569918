"""World models: simulated worlds, models that learn from video, and tests that any world model must pass.

Only ``steelyard.cli`` imports this package.
"""
