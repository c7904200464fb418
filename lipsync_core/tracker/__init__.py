"""The loop that moves every job one step further, and its steps."""
