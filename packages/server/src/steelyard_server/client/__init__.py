"""What the command line asks a platform: push a run there, and what it came to."""
