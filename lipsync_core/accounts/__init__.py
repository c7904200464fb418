"""Vendor accounts: the address and key for each, and the requests that are free."""
