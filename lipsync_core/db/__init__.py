"""The ledger's database: its tables, its migrations, and the audit log."""
