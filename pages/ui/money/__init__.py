"""Caps, invoices and the team's own rates."""
