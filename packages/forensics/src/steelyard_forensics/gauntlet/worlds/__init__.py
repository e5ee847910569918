"""Parameters of the worlds that come with Steelyard."""
