"""Share links: one sealed report, for whoever has the link, until it ends."""
