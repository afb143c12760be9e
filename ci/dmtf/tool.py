"""Runs one of the tools in the tools' own environment, and writes what it found as JSON: counts and findings.

    python tool.py NAME URL RESULT.json REPORTS [arguments of the tool]

The credentials come from DMTF_USER and DMTF_PASSWORD, so that no process list shows them. The tools print a summary
for people; the findings are read from the object that each keeps them in, which is why their versions are pinned.
"""

import importlib
import json
import os
import sys
from collections import Counter

# What a finding is called: the tools have different words for "not tested".
WORDS = {"PASS": "pass", "WARN": "warn", "FAIL": "fail", "SKIP": "not tested", "NOT_TESTED": "not tested", "NOT-TESTED": "not tested"}


def service(sut):
    """Service Validator: a result for each property of each resource."""
    return resources(sut._resources)


def interop(sut):
    """Interop Validator: the same, and what the profile asks of the service as a whole."""
    yield from resources(sut._resources)
    yield from resources({"": sut._service_resource_results})


def resources(all_of_them):
    for uri, resource in all_of_them.items():
        for pointer, result in resource["Results"].items():
            yield name(result["Result"]), f"{uri}#{pointer}", result["Message"]


def protocol(sut):
    """Protocol Validator: assertions, each about some requests."""
    for assertion, results in sut.results.items():
        for result in results:
            place = f"{assertion.name} {result['method']} {result['uri']}".strip()
            yield name(result["result"]), place, f"{result['msg']} [{result['status']}]"


def use_cases(sut):
    """Use Case Checkers: operations of a test."""
    for category in sut._results:
        for test in category["Tests"]:
            for result in test["Results"]:
                yield name(result["Result"]), f"{category['Category']}: {test['Name']}", f"{result['Operation']}: {result['Message']}"


TOOLS = {
    "service": ("redfish_service_validator", service, "--logdir"),
    "protocol": ("redfish_protocol_validator", protocol, "--report-dir"),
    "use-cases": ("redfish_use_case_checkers", use_cases, "--report-dir"),
    "interop": ("redfish_interop_validator", interop, "--logdir"),
}


def name(result):
    return getattr(result, "name", result)


def main():
    tool, url, out, reports, *rest = sys.argv[1:]
    package, read, reports_option = TOOLS[tool]
    scripts = importlib.import_module(f"{package}.console_scripts")
    systems = remember(scripts)
    credentials = ["--user", os.environ["DMTF_USER"], "--password", os.environ["DMTF_PASSWORD"]]
    sys.argv = [package, *credentials, "--rhost", url, reports_option, reports, *rest]
    try:
        scripts.main()
    except SystemExit:
        pass  # its exit code says less than its findings
    if not systems:
        sys.exit(f"{package} came to no system to test")
    found = [(WORDS[result], where, what) for result, where, what in read(systems[-1])]
    findings = [{"result": result, "where": where, "what": what} for result, where, what in found if result in ("warn", "fail")]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"counts": Counter(result for result, _, _ in found), "findings": findings}, file, indent=2)


def remember(scripts):
    """Keeps each system under test that the tool makes."""
    systems = []

    class Remembered(scripts.SystemUnderTest):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            systems.append(self)

    scripts.SystemUnderTest = Remembered
    return systems


if __name__ == "__main__":
    main()
