"""Signs and numbers as cells of tables show them."""

from __future__ import annotations

ARROWS = {"lower": "↓", "higher": "↑"}
