"""What vendors' accounts can be asked for free."""
