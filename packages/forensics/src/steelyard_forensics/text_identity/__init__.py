"""Whether the texts of two runs are one model's."""
