"""Private suites: what makes, reviews, seals and refreshes them. A suite is asked as any other task is."""
