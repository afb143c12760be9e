"""The table: what, halmark, peer, ratio, target."""

import os
import platform
from dataclasses import dataclass


@dataclass
class Row:
    """One line. `ratio` is peer by halmark: above 1, halmark is ahead."""

    what: str
    halmark: str = ""
    peer: str = ""
    ratio: float = None
    target: str = ""
    reached: bool = None
    note: str = ""
    failed: bool = False

    def cells(self):
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        reached = {None: "", True: " reached", False: " MISSED"}[self.reached]
        return [self.what, self.halmark, self.peer, ratio, self.target + reached]


def table(rows):
    """A Markdown table that is also readable as it stands, with the notes below it."""
    lines = [["what", "halmark", "peer", "ratio", "target"]] + [row.cells() for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    drawn = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join(["", *drawn, "", *notes])


def surroundings(nothing):
    """Where it was measured, and what the harness itself costs."""
    low, high = nothing.spread()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, load {os.getloadavg()[0]:.2f}, {platform.system()} {platform.release()} {platform.machine()}\n"
        f"harness: /bin/true takes {nothing.ms:.2f} ms ({low:.2f} to {high:.2f}); it is part of every time below"
    )
