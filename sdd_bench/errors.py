"""Everything that can go wrong in a way a person can act on.

* SDDBenchError                 exit code 4: a fault in a run (also: a fault nobody foresaw)
  + InputError                  exit code 2: what was typed or given is wrong
  + MissingError                exit code 3: something this machine lacks (weights, a device)
  + IncompleteError             exit code 4, or that of what failed: the rest is done

The command line prints the message as one line and exits with the class's code. A message says
what was given, what exists and what to do.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that are not seen and act: control (escape), format (bidi, zero width),
halves of a character, and the ends of lines and paragraphs that no line counts."""

_JOINED = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
"""Joiners where scripts and emoji need them: between two letters that are no ASCII."""


class SDDBenchError(Exception):
    """A fault in a run: what was asked for was right, but the work failed."""

    exit_code = 4


class InputError(SDDBenchError):
    """The user's input is wrong: an unknown name, a bad value, a damaged file of theirs."""

    exit_code = 2


class MissingError(SDDBenchError):
    """Something is missing on this machine: a weight file, a device, an optional package."""

    exit_code = 3


class IncompleteError(SDDBenchError):
    """Some of the work failed; all the rest is done and kept."""

    def __init__(self, message: str, exit_code: int = SDDBenchError.exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.result: object = None
        """What the call would have returned: all of it that there is."""

    @classmethod
    def of(cls, errors: Sequence[SDDBenchError], result: object) -> IncompleteError:
        """One error for several, with the code that they agree on."""
        codes = {error.exit_code for error in errors}
        told = [str(error).removesuffix(_KEPT) for error in errors[:_TOLD]]
        more = [f"and {len(errors) - _TOLD} more"] if len(errors) > _TOLD else []
        code = codes.pop() if len(codes) == 1 else SDDBenchError.exit_code
        joined = cls(f"{'; '.join([*told, *more])}{_KEPT}", code)
        joined.result = result
        return joined


_KEPT = "; all else is done and kept"

_TOLD = 3
"""How many of several errors are told."""


_NAME = 200
"""Characters of a name that are shown."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that nothing answers to, with a suggestion and all that exists."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    shown = name if len(name) <= _NAME else f"{name[:_NAME]}..."
    return InputError(f"no {kind} named '{shown}'.{hint} Available: {', '.join(names) or 'none'}")


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with what would act in a terminal shown as Python spells it: `\x1b`, `\u202e`.

    Texts come from files of prompts, plugins and other tools. Ordinary letters of any script stay,
    and so does what is in `keep`, such as the ends of lines.
    """
    if text.isprintable():
        return text
    joined = {match.start() for match in _JOINED.finditer(text)}
    return "".join(
        letter
        if unicodedata.category(letter) not in _ACTING or letter in keep or place in joined
        else letter.encode("unicode_escape").decode()
        for place, letter in enumerate(text)
    )
