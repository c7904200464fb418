"""Jobs, money and vendors' accounts as rows. Every change is guarded."""
