"""Plugins: where they come from, and whether they can be used. The registry gives them their names.

A plugin's code can do anything when it is run. Whatever goes wrong becomes one InputError that
names the file or the distribution.
"""

from __future__ import annotations

from .calls import PluginError, calling, is_ours, name_of
from .checks import as_attack, as_method, as_metrics, checked_method, load, unusable
from .places import (
    Kind,
    Source,
    entry_sources,
    file_source,
    files,
    is_path,
    path_source,
)

__all__ = [
    "Kind",
    "PluginError",
    "Source",
    "as_attack",
    "as_method",
    "as_metrics",
    "calling",
    "checked_method",
    "entry_sources",
    "file_source",
    "files",
    "is_ours",
    "is_path",
    "load",
    "name_of",
    "path_source",
    "unusable",
]
