"""The draft engine."""
