"""Colours of lines in charts: a canvas cannot use the style sheet’s, and the theme may change without a new drawing.

Each has a contrast of more than 3 to both backgrounds. Words in charts have no colour of their own: the theme gives it.
"""

LINE = "#4A76E8"
AMBER = "#C9740F"
RED = "#DB4A56"
QUIET = "#7A8494"
SERIES = (LINE, "#B4690E", "#2E9361", "#9A6AE0", "#C2478A", "#1E90A6", "#7A8494", "#A1832A")
"""For several lines, the first ones farthest apart."""
