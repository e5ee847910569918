"""What comes in: an archive, unpacked within bounds, verified in a process of its own, then kept."""
