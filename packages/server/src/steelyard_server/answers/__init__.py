"""The answers of accepted runs: an index made once, and what a page shows of one answer, read where the index says."""
