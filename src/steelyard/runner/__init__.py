"""The async engine: sends requests, retries, keeps order and limits, and writes the journal. Contains no statistics."""
