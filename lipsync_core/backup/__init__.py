"""Copies of the ledger: made while people work, restored without paying for anything, and checked against the files."""
