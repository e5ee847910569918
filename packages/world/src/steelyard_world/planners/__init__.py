"""Planners search for actions whose imagined outcome is near a goal. All but ``gradient`` need only NumPy."""
