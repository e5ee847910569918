"""Private suites: questions of one's own, from documents, chat logs and tables."""
