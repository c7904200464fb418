"""A job as people see it: its card, its dialogs, and what can be done with it."""
