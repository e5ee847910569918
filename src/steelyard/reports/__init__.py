"""Reports: a verdict in a terminal, on one self-contained HTML page, in Markdown and as JSON."""
