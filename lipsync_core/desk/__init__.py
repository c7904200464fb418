"""What one person does with the studio: a `Desk` is bound to who asks, to their visit, and to live or sandbox."""
