"""What every request goes through: whose host it names, how large and slow its body is, what its reply forbids."""
