"""Findings that are known and stay, each with its reason: accepted.txt."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Accepted:
    """A line: tool, result, where (`*` is anything), and why."""

    tool: str
    result: str
    where: str
    why: str
    used: bool = False

    def is_for(self, tool, finding):
        pattern = ".*".join(re.escape(part) for part in self.where.split("*"))
        same = self.tool == tool and self.result == finding["result"]
        return same and re.fullmatch(pattern, finding["where"]) is not None


def read(path):
    """The lines of the file, none where there is no file; a line without a reason is an error."""
    if not Path(path).exists():
        return []
    lines = [line for line in Path(path).read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [parse(line) for line in lines]


def parse(line):
    parts = [part.strip() for part in line.split(" | ")]
    if len(parts) != 4 or not all(parts) or parts[1] not in ("warn", "fail"):
        raise SystemExit(f"accepted.txt: expected `tool | warn or fail | where | why`, got: {line}")
    return Accepted(*parts)


def split(tool, findings, accepted):
    """What is left of the findings, and how many were accepted."""
    left = []
    for finding in findings:
        rows = [row for row in accepted if row.is_for(tool, finding)]
        for row in rows:
            row.used = True
        if not rows:
            left.append(finding)
    return left, len(findings) - len(left)


def stale(accepted, tools):
    """Rows of tools that ran, which no finding needed."""
    return [row for row in accepted if row.tool in tools and not row.used]
