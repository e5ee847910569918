"""World models: simulated worlds, models that learn from video, and tests that any world model must pass.

Only ``cli`` imports this.
"""
