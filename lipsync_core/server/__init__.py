"""The server around the pages: its routes, the checks in front of them, and its startup and shutdown."""
