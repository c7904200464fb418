"""The training of the draft engine's speech table. Not loaded when the studio runs."""
