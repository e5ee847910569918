"""Results in one signed statement, and how they are read and verified."""
