"""The door before everything that the server answers."""
