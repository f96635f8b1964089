"""The commands of `sdd-bench`, a file for those that belong together."""

from __future__ import annotations
