"""How long a process takes, from the spawn to the end, and what it cost in processor time."""

import contextlib
import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


class Unmeasured(Exception):
    """A measurement could not be made, and why."""


@dataclass
class Client:
    """A command that is measured, and what it has to print when it works."""

    name: str
    command: list
    expects: str = ""
    environment: dict = field(default_factory=dict)
    code: int = 0
    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    misses: int = 0

    @property
    def ms(self):
        """The median of the wall time, in milliseconds."""
        return statistics.median(self.wall) * 1e3

    @property
    def cpu_ms(self):
        """The median of the processor time, in milliseconds."""
        return statistics.median(self.cpu) * 1e3

    def spread(self):
        """The tenth and the ninetieth percentile of the wall time, in milliseconds."""
        ordered = sorted(self.wall)
        return tuple(ordered[int((len(ordered) - 1) * part)] * 1e3 for part in (0.1, 0.9))

    def check(self):
        """Runs it once, untimed, and looks at what it prints: what does not work is not measured."""
        environment = {**os.environ, **self.environment}
        ran = subprocess.run(self.words(), env=environment, capture_output=True, text=True, timeout=120)
        said = ran.stdout + ran.stderr
        if ran.returncode != self.code or self.expects not in said.lower():
            raise Unmeasured(f"{self.name}: exit {ran.returncode}, {said.strip()[-200:]!r}")

    def run(self):
        """Runs it once, timed, with its output thrown away."""
        quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        words, environment = self.words(), {**os.environ, **self.environment}
        began = time.perf_counter()
        pid = os.posix_spawn(words[0], words, environment, file_actions=quiet)
        _, status, usage = os.wait4(pid, 0)
        took = time.perf_counter() - began
        if os.waitstatus_to_exitcode(status) != self.code:
            self.misses += 1
            if self.misses > 5:
                raise Unmeasured(f"{self.name}: failed {self.misses} times, last with exit {os.waitstatus_to_exitcode(status)}")
            return
        self.wall.append(took)
        self.cpu.append(usage.ru_utime + usage.ru_stime)

    def words(self):
        """The command as strings."""
        return [str(word) for word in self.command]


def alternate(clients, rounds):
    """Runs A B C, A B C and so on, so that what disturbs the machine disturbs all of them alike."""
    for _ in range(rounds):
        for client in clients:
            client.run()


def overhead(rounds):
    """What the harness adds: the time of a process that does nothing."""
    nothing = Client("/bin/true", ["/bin/true"])
    alternate([nothing], rounds)
    return nothing


@contextlib.contextmanager
def awake():
    """Keeps every processor from halting: on each one somebody counts who gives way to anybody else (SCHED_IDLE).

    A processor with nothing to do halts, and in a virtual machine that is the host's business: to be woken takes 20 to 40 us there, and
    more or less of it is booked as the process's own. Whoever asks and waits pays that at each question, whoever is asked at each answer.
    """
    counting = [counter(processor) for processor in sorted(os.sched_getaffinity(0))]
    try:
        yield
    finally:
        for pid in counting:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@contextlib.contextmanager
def on_one_processor(*processes):
    """Keeps these processes, and whatever is started in the block, on one processor.

    Between processors every question and every answer is an interrupt to the other one, which in a virtual machine is the host's
    business again: tens of microseconds, now more and now less. On one it is a switch from one process to the other.
    """
    all_of = os.sched_getaffinity(0)
    one = {min(all_of)}
    for process in processes:
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), one)
    os.sched_setaffinity(0, one)
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of)


def counter(processor):
    """A process that counts on a processor, with the lowest priority that there is, until it is ended; an hour at most."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.sched_setaffinity(0, {processor})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        parent, until = os.getppid(), time.monotonic() + 3600
        while os.getppid() == parent and time.monotonic() < until:
            for _ in range(1_000_000):
                pass
    finally:
        os._exit(0)
