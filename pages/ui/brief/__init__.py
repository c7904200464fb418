"""The form in which a clip is described, its prices, and the button that renders it."""
