"""What the environment, ``.env`` and ``secrets.toml`` say, read once and checked."""
