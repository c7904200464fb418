"""Links that people paste."""
