"""What a JEPA must beat: rivals of equal size, trained by the same loop, and two that learn nothing."""
