"""Who may enter, and who may do what."""
