"""Runs that the server starts itself: what is asked, who has it, the process that does it, and when by a schedule."""
