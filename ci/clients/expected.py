"""What a platform's quirks make of a client's step, each with its reason: expected.txt."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

import sim

FORM = "profiles | clients | step | what the client says | why"


@dataclass
class Expected:
    """A line: where, whose, which step, what the client says, and why that is right; `*` is anything in names and words."""

    profiles: list
    clients: list
    step: str
    says: str
    why: str

    def is_of(self, client):
        return any(fnmatchcase(client, pattern) for pattern in self.clients)

    def is_for(self, client, profile, step):
        return profile in self.profiles and self.is_of(client) and step == self.step

    def explains(self, words):
        pattern = ".*".join(re.escape(part) for part in self.says.split("*"))
        return re.search(pattern, words, re.DOTALL) is not None

    def __str__(self):
        return " | ".join([", ".join(self.profiles), ", ".join(self.clients), self.step, self.says])


def read(path):
    """The lines of the file. None may be for `generic`, where everything has to work; one without a reason is an error."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [parse(line) for line in lines]


def parse(line):
    parts = [part.strip() for part in line.split(" | ")]
    if len(parts) != 5 or not all(parts):
        raise sim.Broken(f"expected.txt: expected `{FORM}`, got: {line}")
    profiles, clients = ([word.strip() for word in part.split(",")] for part in parts[:2])
    if "generic" in profiles:
        raise sim.Broken(f"expected.txt: nothing may be expected to fail on generic: {line}")
    return Expected(profiles, clients, *parts[2:])


def mark(rows, found):
    """Calls a FAIL that a row explains a quirk; which rows did so, by platform."""
    used = set()
    for (client, profile), results in found.items():
        for step, (result, words, notes) in results.items():
            place = next((at for at, row in enumerate(rows) if row.is_for(client, profile, step) and row.explains(words)), None)
            if result == "FAIL" and place is not None:
                results[step] = ("quirk", rows[place].why, notes)
                used.add((place, profile))
    return used


def stale(rows, used, ran, clients):
    """Rows that no client needed, by platform, where all of theirs ran. `ran` are pairs of client and platform; `clients` all that there are."""
    old = []
    for place, row in enumerate(rows):
        theirs = [client for client in clients if row.is_of(client)]
        for profile in row.profiles:
            if (place, profile) not in used and all((client, profile) in ran for client in theirs):
                old.append(Expected([profile], row.clients, row.step, row.says, row.why))
    return old


def check(rows, profiles, clients, steps):
    """A row of something that there is not would never be needed, and nobody would be told."""
    for row in rows:
        for kind, names, known in [("profile", row.profiles, profiles), ("step", [row.step], steps)]:
            for name in set(names) - set(known):
                raise sim.Broken(f"expected.txt: no {kind} is called {name!r}: {row}")
        for pattern in row.clients:
            if not any(fnmatchcase(client, pattern) for client in clients):
                raise sim.Broken(f"expected.txt: no client is called {pattern!r}: {row}")
