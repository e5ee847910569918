"""Speed and cost, as ratios against a floor in one run. ``make bench`` prints the table; no test asserts a time."""
