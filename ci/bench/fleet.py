"""What a BMC costs when there are thousands, and whether each of them answers: Redfish alone; with IPMI beside it, `ipmi.py`."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

import redfish
import simulated
from table import Row
from timing import Unmeasured

SIZES = [1000, 15000]
# Every BMC has an address of its own in it, and the standard port.
NETWORK = "127.64.0.0/16"
AT_ONCE, SECONDS = "32", "10"


def rows(halmark, target):
    """One port each and one address each."""
    load = redfish.built(target, "redfish-many")
    return [of_ports(halmark, count) for count in SIZES] + [of_addresses(halmark, load, SIZES[-1])]


def of_ports(halmark, count):
    """So many BMCs that each listen, over plain HTTP, and answer one request each."""
    with simulated.halmark(halmark, ["--count", count, "--tls", "off", "--no-ipmi"]) as (ready, process):
        idle, begun = simulated.memory(process), time.monotonic()
        for url in ready["urls"]:
            simulated.get(url)
        asked_in = time.monotonic() - begun
        used = simulated.memory(process)
        stopped = stop(process)
    row = sized(f"{count:,} BMCs, a port each", ready["took"], used, count)
    row.note = f"{idle / 1e6:.1f} MB before; asked one after another in {asked_in:.1f} s; {stopped}"
    return row


def of_addresses(halmark, load, count):
    """So many BMCs, each with its own loopback address at port 443: asked at random, each time over a TLS connection of its own."""
    what = f"{count:,} BMCs, an address each ({NETWORK}), port 443"
    if not may_listen_on(443):
        return Row(what, note="not measured: port 443 needs a privilege (root, or net.ipv4.ip_unprivileged_port_start)")
    with simulated.halmark(halmark, ["--count", count, "--addresses", NETWORK, "--no-ipmi"]) as (ready, process):
        listening = simulated.descriptors(process)
        answers, most = asked_at_random(load, ready["urls"], process)
        used = simulated.memory(process)
        after, allowed = simulated.descriptors(process), limit(process)
        stopped = stop(process)
    row = sized(what, ready["took"], used, count)
    row.halmark += f"; {answers['requests'] / answers['seconds']:,.0f} answers/s, p99 {answers['p99_us'] / 1000:.0f} ms"
    longest = answers["max_us"] / 1e6
    row.note = (
        f"{answers['requests']:,} TLS connections to {answers['services']:,} of them at random, {AT_ONCE} at once, Basic authentication, GET of the system,"
        f" each answered within {longest:.2f} s (over 10 s would be a failure); descriptors: {listening:,} listening, {most:,} at most, {after:,} afterwards,"
        f" limit {allowed}; {stopped}"
    )
    return row


def asked_at_random(load, urls, process):
    """What came of it, and the most descriptors that were open at a time."""
    words = [str(load), redfish.SYSTEM, AT_ONCE, SECONDS, "7"]
    with subprocess.Popen(words, env=simulated.logged_in(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
        with contextlib.suppress(BrokenPipeError):
            asking.stdin.write("\n".join(urls))
            asking.stdin.close()
        most, until = 0, time.monotonic() + 60
        while asking.poll() is None:
            if time.monotonic() > until:
                asking.kill()
                raise Unmeasured("the load did not end")
            most = max(most, simulated.descriptors(process))
            time.sleep(0.5)
        if asking.returncode:
            raise Unmeasured(f"not every answer came: {asking.stderr.read().strip()[-300:]}")
        return json.loads(asking.stdout.read()), most


def sized(what, took, used, count):
    row = Row(what, f"{took * 1000:,.0f} ms, {used / 1e6:.1f} MB, {used / count / 1000:.1f} KB each")
    row.target, row.reached = "<= 50 KB each", used / count <= 50e3
    return row


def stop(process):
    """Asks it to end; how it did."""
    begun = time.monotonic()
    process.terminate()
    code = process.wait(60)
    if code != 0:
        raise Unmeasured(f"halmark sim ended with {code}")
    return f"ended by SIGTERM with exit code 0 in {time.monotonic() - begun:.2f} s"


def limit(process):
    """How many descriptors it may have: soft, hard."""
    lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    return next(("/".join(line.split()[3:5]) for line in lines if line.startswith("Max open files")), "unknown")


def may_listen_on(port):
    if os.geteuid() == 0:
        return True
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= port
    except OSError:
        return False
