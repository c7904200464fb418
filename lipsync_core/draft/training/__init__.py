"""How the draft engine's speech table is trained. Not loaded when the studio runs."""
