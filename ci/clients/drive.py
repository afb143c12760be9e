"""Goes through every step with one client, in the clients' own environment, and prints a line of JSON for each.

    python drive.py sushy|redfish|redfishtool

Where the BMC is and who may log in comes from the environment: BMC_URL, BMC_CA, BMC_USER, BMC_PASSWORD.
"""

import importlib
import json
import os
import sys
import traceback
import warnings

sys.dont_write_bytecode = True
warnings.simplefilter("ignore")
from steps import NEEDS, STEPS
from witness import NotThere, Witness

CLIENTS = {"sushy": ("with_sushy", "Sushy"), "redfish": ("with_redfish", "Dmtf"), "redfishtool": ("with_redfishtool", "Tool")}


class Unable(Exception):
    """The client has no such operation."""


class Place:
    """Where the BMC is, and a witness."""

    def __init__(self):
        self.url, self.ca, self.user, self.password = (os.environ[f"BMC_{it}"] for it in ("URL", "CA", "USER", "PASSWORD"))
        self.witness = Witness(self.url, self.ca, self.user, self.password)
        self.secrets = [self.password]
        self.notes = []

    def note(self, text):
        """What a client was given beyond its own manner."""
        if text not in self.notes:
            self.notes.append(text)

    def secret(self, length=8):
        """A password of this run's own making."""
        made = "Pw1-" + os.urandom(length // 2 + 1).hex()
        self.secrets.append(made)
        return made


def main():
    module, name = CLIENTS[sys.argv[1]]
    place = Place()
    client = getattr(importlib.import_module(module), name)(place)
    results = {}
    for title, step in STEPS:
        result, why = attempt(client, step, results)
        results[step] = result
        for secret in place.secrets:
            why = why.replace(secret, "…")
        print(json.dumps({"step": title, "result": result, "why": why, "notes": place.notes}), flush=True)
        place.notes.clear()


def attempt(client, step, results):
    """ok, n/a or FAIL, and why."""
    needed = results.get(NEEDS.get(step), "ok")
    if needed != "ok":
        return "n/a", f"{NEEDS[step]} was {needed}"
    try:
        getattr(client, step)()
        return "ok", ""
    except (NotThere, client.UNABLE) as reason:
        return "n/a", str(reason)
    except Exception as error:
        traceback.print_exc()
        return "FAIL", f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
