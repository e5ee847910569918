"""What every room may say of a request and a reply: its facts, addresses, log lines and short replies."""
