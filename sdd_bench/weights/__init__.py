"""Weight files: which, where, verified, fetched.

A plugin needs two names: `find`, the verified file or folder of a weight, and `sha256`.
"""

from __future__ import annotations

from .store import find, sha256

__all__ = ["find", "sha256"]
