"""The baselines of a JEPA: rivals of equal size, trained by the same loop, and two that learn nothing."""
