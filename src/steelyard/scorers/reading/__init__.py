"""Reading an answer as a careful person would: what is the final answer of a text, and when nobody can say."""
