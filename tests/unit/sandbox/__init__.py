"""The sandbox by itself."""
