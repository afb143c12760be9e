"""Runs a client that says what it has seen, and holds each of its claims against what the service says.

    python claims.py PROGRAM

The program prints a line of JSON for each step and waits for a line; this prints the same lines, as drive.py does.
"""

import json
import os
import subprocess
import sys
import urllib.error

sys.dont_write_bytecode = True
from steps import NEEDS, STEPS
from witness import Witness


def main():
    place = [os.environ[f"BMC_{it}"] for it in ("URL", "CA", "USER", "PASSWORD")]
    witness = Witness(*place)
    client = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    names, results = dict(STEPS), {}
    for line in client.stdout:
        said = json.loads(line)
        wrong = [problem for claim in said.pop("claims", []) if (problem := against(witness, claim))]
        if wrong:
            said.update(result="FAIL", why="; ".join(wrong))
        needed = NEEDS.get(names[said["step"]])
        if results.get(needed, "ok") != "ok":
            said.update(result="n/a", why=f"{needed} was {results[needed]}")
        results[names[said["step"]]] = said["result"]
        print(json.dumps({"why": "", "notes": [], **said}), flush=True)
        client.stdin.write("\n")
        client.stdin.flush()
    sys.exit(client.wait())


def against(witness, claim):
    """What the service says against a claim; nothing where it agrees."""
    if "user" in claim:
        refused = claim.get("refused", False)
        agrees = witness.accepts(claim["user"], claim["password"]) != refused
        return None if agrees else f"the service {'still takes' if refused else 'does not take'} this user's password"
    if "boot" in claim:
        enabled, target = claim["boot"]
        seen = witness.boot()
        agrees = any(it[0] == enabled and target in (None, it[1]) for it in seen)
        return None if agrees else f"the service's override is {seen}, not {claim['boot']}"
    if "collection" in claim:
        seen = len(witness.members(witness.system()[claim["collection"]]["@odata.id"]))
        return None if seen == claim["count"] else f"the service has {seen} {claim['collection']}, not {claim['count']}"
    seen = member(witness, claim["path"], claim["pointer"])
    return None if seen == claim["is"] else f"the service's {claim['pointer']} is {seen!r}, not {claim['is']!r}"


def member(witness, path, pointer):
    """A value of a resource; none where the resource is gone."""
    try:
        value = witness.get(path)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
    for name in pointer.split("/")[1:]:
        value = value.get(name)
    return value


if __name__ == "__main__":
    main()
