"""Known vulnerabilities of the pinned releases: `make audit`.

Exit code 0 if every release was looked up and none has any, 1 if some have, 3 if some could not be
looked up: what nobody has asked about is not safe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10")


def main(tool: str, pinned: str) -> int:
    """Ask `tool` (pip-audit) about the file of `pinned` releases, and say what came of it."""
    command = [tool, "--requirement", pinned, "--format", "json", *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        print(done.stderr.strip()[-2000:], file=sys.stderr)
        print("audit: nothing was checked, the advisories could not be asked", file=sys.stderr)
        return 3
    code, lines = outcome(report)
    print("\n".join(lines))
    return code


def outcome(report: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """The exit code and the lines for what was found of each release."""
    unknown = [each["name"] for each in report if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {fault['id']}, repaired in "
        f"{', '.join(fault.get('fix_versions') or ['no release yet'])}"
        for each in report
        for fault in each.get("vulns") or ()
    ]
    vulnerable = bool(lines)
    asked = len(report) - len(unknown)
    lines.append(f"{asked} of {len(report)} releases looked up, {len(lines)} advisories")
    if unknown:
        lines.append(f"not looked up, so not checked: {', '.join(sorted(set(unknown)))}")
    return (1 if vulnerable else 3 if unknown or not report else 0), lines


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
