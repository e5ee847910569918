"""The configuration spread of D1: how the model does in a benchmark's other prompt formats. A display, no test."""
