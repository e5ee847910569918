"""Private suites on the platform: brought in and checked apart, reviewed, and who has seen them."""
