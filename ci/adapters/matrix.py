"""docs/subjects/matrix.md from the reports of the runs and the findings: a line for each scenario, a column for each driver."""

import fnmatch
import tomllib

HEAD = """# Drivers and scenarios

Written by `ci/adapters/run`; not by hand. What the suite says of libraries that drive BMCs, each behind the contract as it comes, by the program
of its name in [conformance/adapters](../../conformance/adapters), on `sim:generic` (clock: paced, seed {seed}); `redfish` and `ipmi` are the reference drivers.

{versions}

| scenario | {names} |
|---|{rule}|
"""
BELOW = """
`–` is not applicable: the driver does not claim it, and the probe was refused as it should be. A number is the scenario's cases; `FAIL 2 of 7` is how many of
them failed. `error` is a BMC that lied or was silent so that nobody could know; in a scenario that is about such a BMC, the reference driver finds out
all the same. {left} scenarios that no adapter claims anything of are left out.

## What was found
Each was looked at on the wire. *Whose* says who would have to change for it to pass: the library, the caller, or nobody (it is the nature of the thing).

    ci/adapters/run            # once: it writes target/adapters/environment
    . target/adapters/environment
    halmark run --driver exec:conformance/adapters/with_sushy.py resilience.lost-answer
"""


def written(reports, findings, versions):
    """The page, and what does not fit between findings and verdicts."""
    findings = tomllib.loads(findings.read_text())["finding"]
    cells = {name: by_scenario(report) for name, report in reports.items()}
    adapters = [name for name in reports if any(it["driver"] == name for it in findings)]
    every = sorted({scenario for column in cells.values() for scenario in column})
    shown = [it for it in every if any(set(cells[name].get(it, ["na"])) != {"na"} for name in adapters)]
    lines = [HEAD.format(seed=next(iter(reports.values()))["seed"], versions=told(reports, versions), names=" | ".join(reports), rule="---|" * (len(reports) - 1) + "---")]
    lines += [f"| {it} | {' | '.join(cell(cells[name].get(it, [])) for name in reports)} |\n" for it in shown]
    lines.append(f"| **cases** | {' | '.join(counted(report) for report in reports.values())} |\n")
    lines.append(BELOW.format(left=len(every) - len(shown)))
    complaints = []
    for name in adapters:
        lines.append(f"\n### {name}\n| cases | whose | what |\n|---|---|---|\n")
        lines += listed(name, reports[name], findings, complaints)
    return "".join(lines), complaints


def by_scenario(report):
    words = {}
    for case in report["cases"]:
        words.setdefault(case["scenario"], []).append(case["verdict"]["word"])
    return words


def cell(words):
    words = [it for it in words if it != "na"]
    if not words:
        return "–"
    bad = [f"{'FAIL' if word == 'fail' else word} {words.count(word)} of {len(words)}" for word in ("fail", "error") if word in words]
    return ", ".join(bad) if bad else f"pass {len(words)}"


def counted(report):
    words = [case["verdict"]["word"] for case in report["cases"]]
    return ", ".join(f"{words.count(word)} {word}" for word in ("pass", "fail", "error", "na") if word in words)


def told(reports, versions):
    return ", ".join(f"{name} {versions[name]}" for name in reports if name in versions) + "."


def listed(name, report, findings, complaints):
    """A line for each finding; failures without one, and findings without a failure, are complaints."""
    bad = [case["case"] for case in report["cases"] if case["verdict"]["word"] in ("fail", "error")]
    lines, left = [], set(bad)
    for finding in (it for it in findings if it["driver"] == name):
        patterns = [pattern.replace("[", "[[]") for pattern in finding["cases"]]
        hit = [case for case in bad if any(fnmatch.fnmatchcase(case, it) for it in patterns)]
        left -= set(hit)
        if hit:
            lines.append(f"| {'<br>'.join(hit)} | {finding['whose']} | {finding['what']} |\n")
        elif not finding.get("sometimes"):
            complaints.append(f"{name}: {finding['cases']} passed, and findings.toml says what is wrong with it")
    complaints += [f"{name}: {case} failed, and findings.toml does not say why" for case in sorted(left)]
    return lines
