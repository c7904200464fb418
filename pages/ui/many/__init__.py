"""Many clips: a table of rows that are priced and sent together."""
