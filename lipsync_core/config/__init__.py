"""The configuration in the environment, ``.env`` and ``secrets.toml``, read once and checked."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds ``app.py``, ``.env`` and, by default, ``data/``."""
