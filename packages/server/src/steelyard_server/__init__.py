"""The team's platform: one process that serves verdicts to a team, with its own database, from one data folder."""
