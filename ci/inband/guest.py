"""A small virtual machine with Debian's kernel and ipmitool in it, which carries out what it is told."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "cpio": "cpio", "ipmitool": "ipmitool"}
MODULES = ["ipmi_msghandler", "ipmi_devintf", "ipmi_si"]
# Software emulation on a busy machine takes this long at the very most.
BOOT, COMMAND = 180, 60


class Missing(Exception):
    """Something has to be installed first."""


class Trouble(Exception):
    """The guest did not do what every guest does."""


def needed():
    """Says what has to be installed, if anything has."""
    packages = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if packages:
        raise Missing(f"a virtual machine is needed, please install: sudo apt-get install {' '.join(packages)}")


class Guest:
    """The machine, and the line to it."""

    def __init__(self, line):
        self.line = line
        self.heard = b""

    def run(self, command, within=COMMAND):
        """Carries out a command of the shell in the guest: exit code and output."""
        self.line.sendall(command.encode() + b"\n")
        said = self.until(rb"\r?\nEND (\d+)\r?\n", within, f"the end of {command.split()[0]}")
        return int(said[1]), said[0].decode(errors="replace").replace("\r", "").strip()

    def ends(self, within):
        """Whether the machine ends by itself in that time, as an exit code and a word."""
        try:
            self.until(rb"(?!)", within, "nothing")
        except Trouble as trouble:
            return (0, "ended") if "ended" in str(trouble) else (1, f"it still runs after {within} s")

    def until(self, pattern, within, what):
        """What comes before the pattern, and the pattern's first group."""
        by = time.monotonic() + within
        while not (found := re.search(pattern, self.heard)):
            self.line.settimeout(max(by - time.monotonic(), 0.01))
            try:
                more = self.line.recv(4096)
            except TimeoutError:
                raise Trouble(f"expected {what} within {within} s, got {self.heard[-200:]!r}") from None
            if not more:
                raise Trouble(f"expected {what}, but the virtual machine ended")
            self.heard += more
        before, self.heard = self.heard[: found.start()], self.heard[found.end() :]
        return [before, *found.groups()]


@contextmanager
def booted(kernel, home, work, bmc):
    """A machine whose BMC is at that port of loopback; it ends with the block."""
    initrd, door, log = packed(kernel, home), work / "line", home / "console.log"
    with open(home / "qemu.log", "w") as errors:
        words = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        words += ["-machine", "pc,accel=tcg", "-m", "256", "-kernel", kernel.image, "-initrd", initrd]
        words += ["-append", "console=ttyS0 quiet panic=-1", "-serial", f"file:{log}", "-serial", f"unix:{door},server=on,wait=off"]
        words += ["-chardev", f"socket,id=bmc,host=127.0.0.1,port={bmc},reconnect=1"]
        words += ["-device", "ipmi-bmc-extern,id=bmc0,chardev=bmc", "-device", "isa-ipmi-kcs,bmc=bmc0"]
        machine = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            guest = Guest(reached(door, machine, home))
            guest.until(rb"READY\r?\n", BOOT, "the guest's word that it is ready")
            yield guest
        except Trouble as trouble:
            raise Trouble(f"{trouble}; its console: {log}, QEMU's words: {home / 'qemu.log'}") from None
        finally:
            machine.terminate()
            try:
                machine.wait(10)
            except subprocess.TimeoutExpired:
                machine.kill()
                machine.wait()


def reached(door, machine, home):
    """The line, as soon as QEMU offers it."""
    for _ in range(200):
        if machine.poll() is not None:
            raise Trouble(f"QEMU ended with {machine.returncode}: {(home / 'qemu.log').read_text().strip()}")
        if door.exists():
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(door))
                return line
            except ConnectionRefusedError:
                line.close()
        time.sleep(0.05)
    raise Trouble("QEMU offers no serial line")


class Kernel:
    """Debian's own, unpacked and not installed."""

    def __init__(self, folder):
        images = sorted(folder.glob("boot/vmlinuz-*"))
        if not images:
            raise Missing(f"there is no boot/vmlinuz-* in {folder}")
        self.image = images[-1]
        self.modules = folder / "lib" / "modules" / self.image.name.removeprefix("vmlinuz-") / "kernel" / "drivers" / "char" / "ipmi"
        missing = [name for name in MODULES if not (self.modules / f"{name}.ko").exists()]
        if missing:
            raise Missing(f"the kernel {self.image.name} has no {', '.join(missing)}; Debian's linux-image-amd64 has")


def kernel(home):
    """Debian's kernel from its package, downloaded once."""
    folder = home / "kernel"
    if not list(folder.glob("boot/vmlinuz-*")):
        depends = said(["apt-cache", "depends", "linux-image-amd64"])
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if not package:
            raise Missing("apt knows no linux-image-amd64: run apt-get update, or name an unpacked kernel with --kernel DIR")
        print(f"downloading {package[1]} …", file=sys.stderr, flush=True)
        download = home / "download"
        download.mkdir(exist_ok=True)
        said(["apt-get", "-o", "APT::Sandbox::User=root", "download", package[1]], cwd=download)
        said(["dpkg-deb", "-x", *map(str, download.glob("*.deb")), str(folder)])
        shutil.rmtree(download)
    return Kernel(folder)


def packed(kernel, home):
    """An initrd with a shell, ipmitool with its libraries, and the kernel's modules."""
    root = home / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ["bin", "dev", "proc", "sys", "modules"]:
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
    for name in ["sh", "mount", "insmod", "stty", "poweroff", "printf", "cat", "ls"]:
        (root / "bin" / name).symlink_to("busybox")
    shutil.copy(HERE / "init", root / "init")
    for name in MODULES:
        shutil.copy(kernel.modules / f"{name}.ko", root / "modules")
    # Without a list of makers' names ipmitool complains with every call, and an empty one it does not take.
    (root / "usr" / "share" / "misc").mkdir(parents=True)
    (root / "usr" / "share" / "misc" / "enterprise-numbers.txt").write_text("0\n  Reserved\n")
    ipmitool = shutil.which("ipmitool")
    for path in [ipmitool, *re.findall(r"(/\S+) \(0x", said(["ldd", ipmitool]))]:
        there = root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(path), there)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    initrd = home / "initrd"
    with open(initrd, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=out, check=True)
    return initrd


def said(words, cwd=None):
    """What a program says; its failure is ours."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{words[0]} {words[1]} failed: {done.stderr.strip()}")
    return done.stdout
