"""People's pictures, voices and videos: stored by content, derived, named, cleaned up and erased."""
