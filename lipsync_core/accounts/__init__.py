"""Vendors' accounts: where and with which key each is reached, and what can be asked for free."""
