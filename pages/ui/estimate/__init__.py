"""The Estimate page: what one clip costs, and how long it takes."""
