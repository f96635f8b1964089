"""Everything that can go wrong in a way a person can act on.

* SDDBenchError                 exit code 4: a fault in a run (also: a fault nobody foresaw)
  + InputError                  exit code 2: what was typed or given is wrong
  + MissingError                exit code 3: something this machine lacks (weights, a device)

The command line prints the message as one line and exits with the class's code. A message says
what was given, what exists and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SDDBenchError(Exception):
    """A fault in a run: what was asked for was right, but the work failed."""

    exit_code = 4


class InputError(SDDBenchError):
    """The user's input is wrong: an unknown name, a bad value, a damaged file of theirs."""

    exit_code = 2


class MissingError(SDDBenchError):
    """Something is missing on this machine: a weight file, a device, an optional package."""

    exit_code = 3


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that nothing answers to, with a suggestion and all that exists."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return InputError(f"no {kind} named '{name}'.{hint} Available: {', '.join(names) or 'none'}")
