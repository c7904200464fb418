"""The Estimate page: one clip, or a batch that can be sent."""
