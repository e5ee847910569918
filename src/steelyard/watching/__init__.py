"""A small probe on a schedule: the log of a watch, what each pass came to, where the looks stand, and their pages."""
