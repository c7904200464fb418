"""What is stored, derived, cleaned up and erased."""
