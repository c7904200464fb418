"""The loop that takes every job one step further, and its steps."""
