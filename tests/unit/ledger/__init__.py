"""Jobs and money as rows."""
