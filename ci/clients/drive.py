"""Goes through every step with one client, in the clients' own environment, and prints a line of JSON for each.

    python drive.py sushy|redfish|redfishtool|pyghmi|python-ipmi

Where the BMC is and who may log in comes from the environment: BMC_URL, BMC_CA, BMC_IPMI, BMC_USER, BMC_PASSWORD.
"""

import importlib
import json
import os
import sys
import traceback
import warnings

sys.dont_write_bytecode = True
warnings.simplefilter("ignore")
import ipmi_steps
import steps
from witness import NotThere, Witness

CLIENTS = {
    "sushy": ("with_sushy", "Sushy", steps),
    "redfish": ("with_redfish", "Dmtf", steps),
    "redfishtool": ("with_redfishtool", "Tool", steps),
    "pyghmi": ("with_pyghmi", "Pyghmi", ipmi_steps),
    "python-ipmi": ("with_pyipmi", "PythonIpmi", ipmi_steps),
}


class Unable(Exception):
    """The client has no such operation."""


class Place:
    """Where the BMC is, and a witness."""

    def __init__(self):
        self.url, self.ca, self.user, self.password = (os.environ[f"BMC_{it}"] for it in ("URL", "CA", "USER", "PASSWORD"))
        self.host, port = os.environ["BMC_IPMI"].rsplit(":", 1)
        self.port = int(port)
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
    module, name, plan = CLIENTS[sys.argv[1]]
    place = Place()
    try:
        client = getattr(importlib.import_module(module), name)(place)
    except NotThere as reason:
        for title, _ in plan.STEPS:
            print(json.dumps({"step": title, "result": "n/a", "why": str(reason), "notes": []}), flush=True)
        return
    results = {}
    for title, step in plan.STEPS:
        result, why = attempt(client, step, results, plan)
        results[step] = result
        for secret in place.secrets:
            why = why.replace(secret, "…")
        print(json.dumps({"step": title, "result": result, "why": why, "notes": place.notes}), flush=True)
        place.notes.clear()


def attempt(client, step, results, plan):
    """ok, n/a or FAIL, and why."""
    needed = results.get(plan.NEEDS.get(step), "ok")
    if needed != "ok":
        return "n/a", f"{plan.NEEDS[step]} was {needed}"
    if plan is ipmi_steps and not hasattr(client, step):
        return "n/a", f"{type(client).__name__} has no such operation"
    try:
        getattr(client, step)()
        if plan is ipmi_steps:
            plan.agrees(client.witness, step)
        return "ok", ""
    except (NotThere, client.UNABLE) as reason:
        return "n/a", str(reason)
    except Exception as error:
        traceback.print_exc()
        return "FAIL", f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
