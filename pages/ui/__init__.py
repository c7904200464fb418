"""What the pages are built of."""
