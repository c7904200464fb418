"""Copies of the ledger."""
