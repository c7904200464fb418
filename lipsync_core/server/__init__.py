"""The server around the pages: its routes, the doors before them, and what begins and ends with it."""
