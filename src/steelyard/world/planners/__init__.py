"""Planners: they seek actions whose imagined outcome is near a goal. All but ``gradient`` are NumPy alone."""
