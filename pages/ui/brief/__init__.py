"""The form that describes a clip, its prices, and the button that renders it."""
