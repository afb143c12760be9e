"""A library as a driver: what the adapters share. It serves halmark.v1 on the socket of HALMARK_SOCKET; docs/grpc.md has the contract.

A library has a class with a method for each operation that it claims. It is called in a thread of its own and is given up, session
and all, when it has not returned by the deadline or nobody waits any more: no Python library can be interrupted.
"""

import os
import queue
import sys
import threading
import time
from concurrent import futures
from urllib.parse import urlsplit

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2 as rpc_status
from grpc_status import rpc_status as rich
from halmark.v1 import bmc_pb2 as bmc
from halmark.v1 import bmc_pb2_grpc
from halmark.v1 import model_pb2 as model
from halmark.v1 import status_pb2 as status

# How much earlier than the deadline the answer leaves, in seconds.
MARGIN = 0.3
# What a call gets that has no deadline, in seconds.
PATIENCE = 60

CODES = {
    status.CAUSE_UNSUPPORTED: grpc.StatusCode.UNIMPLEMENTED,
    status.CAUSE_INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    status.CAUSE_UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    status.CAUSE_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    status.CAUSE_REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    status.CAUSE_CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    status.CAUSE_BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    status.CAUSE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    status.CAUSE_UNREACHABLE: grpc.StatusCode.UNAVAILABLE,
    status.CAUSE_OUTCOME_UNKNOWN: grpc.StatusCode.UNKNOWN,
    status.CAUSE_DEVIATION: grpc.StatusCode.DATA_LOSS,
    status.CAUSE_INTERNAL: grpc.StatusCode.INTERNAL,
}


class Failed(Exception):
    """Why an operation failed, by culprit."""

    def __init__(self, cause, text, code="", is_gone=False):
        """A library's object that `is_gone` is of no use any more: the next call makes another."""
        super().__init__(text)
        self.cause, self.text, self.code, self.is_gone = cause, text, code, is_gone

    def status(self):
        failure = status.Failure(cause=self.cause, text=self.text, code=self.code)
        if self.cause == status.CAUSE_DEVIATION:
            failure.deviation.not_the_protocol.reason = self.text
        detail = any_pb2.Any()
        detail.Pack(failure)
        return rich.to_status(rpc_status.Status(code=CODES[self.cause].value[0], message=self.text, details=[detail]))


class Place:
    """Where a BMC is and as whom."""

    def __init__(self, asked):
        url = urlsplit(asked.url)
        self.url, self.host, self.port = asked.url, url.hostname, url.port
        self.user, self.password = asked.credentials.user, asked.credentials.password.decode()
        kind = asked.trust.WhichOneof("kind")
        if kind == "pin_sha256":
            raise Failed(status.CAUSE_INVALID_ARGUMENT, "no adapter can pin a certificate")
        # As requests has it: a file of authorities, the system's, or nobody is asked.
        self.trust = {"ca_file": asked.trust.ca_file, "insecure": False}.get(kind, True)


def unless_settled(action, state):
    """Whether an action still has to be asked for: on, off and shutdown can be so already, the others need a host that is on."""
    off = state == model.POWER_STATE_POWERED_OFF
    if action == model.POWER_ACTION_ON:
        return state != model.POWER_STATE_POWERED_ON
    if action in (model.POWER_ACTION_OFF, model.POWER_ACTION_SHUTDOWN):
        return not off
    if off:
        raise Failed(status.CAUSE_CONFLICT, "the host is powered off")
    return True


def changed(done):
    """A change's end: what returns False was so already."""
    return model.CHANGE_ALREADY_SO if done is False else model.CHANGE_CHANGED


def check_override(claims, asked):
    """A boot override has to make sense, and its words have to be claimed."""
    to = asked.boot_override
    if (to.device == model.BOOT_DEVICE_NONE) != (to.duration == model.BOOT_DURATION_NONE):
        raise Failed(status.CAUSE_INVALID_ARGUMENT, "device and duration do not fit together")
    claim(claims, "boot.device", model.BootDevice, to.device, "none")
    claim(claims, "boot.duration", model.BootDuration, to.duration, "none")
    if to.mode:
        claim(claims, "boot.mode", model.BootMode, to.mode)


def check_light(claims, asked):
    claim(claims, "identify", model.Identify, asked.state)
    if lasting(asked) is None:
        return
    if "identify:for" not in claims:
        raise Failed(status.CAUSE_UNSUPPORTED, "this driver cannot light it for a while")
    if asked.state != model.IDENTIFY_LIT or not 0 <= lasting(asked) <= 255:
        raise Failed(status.CAUSE_INVALID_ARGUMENT, "the light cannot be lit for that long")


def check_reset(claims, asked):
    claim(claims, "bmc.reset", model.BmcReset, asked.kind)


def check_medium(claims, asked):
    if asked.medium.kind not in model.MediaKind.values()[1:] or "://" not in asked.medium.image:
        raise Failed(status.CAUSE_INVALID_ARGUMENT, "a medium has a kind, and a URI with a scheme")


def check_settings(claims, asked):
    if not asked.changes or any(it.WhichOneof("kind") is None for it in asked.changes.values()):
        raise Failed(status.CAUSE_INVALID_ARGUMENT, "there is nothing to set")


def wanted(asked):
    """Settings of the firmware as Python has them."""
    return {name: getattr(it, it.WhichOneof("kind")) for name, it in asked.changes.items()}


def nothing(claims, asked):
    """There is nothing to check."""


def lasting(asked):
    """Seconds that a light stays lit, or None."""
    return asked.lasting.seconds if asked.HasField("lasting") else None


def claim(claims, kind, words, value, *more):
    """Refuses a value that is none, and one that is not claimed."""
    if value not in words.values()[1:]:
        raise Failed(status.CAUSE_INVALID_ARGUMENT, f"{kind} has no value {value}")
    prefix = words.Name(0).removesuffix("UNSPECIFIED")
    word = words.Name(value).removeprefix(prefix).lower().replace("_", "-")
    if word not in more and f"{kind}:{word}" not in claims:
        raise Failed(status.CAUSE_UNSUPPORTED, f"this driver does not claim {kind}:{word}")


# Each call: the operation's word, whether it changes something, what is checked before the library is asked, its method, and what the
# answer becomes.
CALLS = {
    "GetPower": ("power.read", False, nothing, lambda it, asked: it.power_read(), lambda value: {"state": value}),
    "SetPower": ("power", True, nothing, lambda it, asked: it.power(asked.action), lambda value: {"change": changed(value)}),
    "GetBootOverride": ("boot.override.get", False, nothing, lambda it, asked: it.boot_override(), lambda value: {"boot_override": value}),
    "SetBootOverride": ("boot.override.set", True, check_override, lambda it, asked: it.set_boot_override(asked.boot_override), lambda value: {"change": changed(value)}),
    "GetIdentify": ("identify.get", False, nothing, lambda it, asked: it.identify(), lambda value: {"state": value}),
    "SetIdentify": ("identify.set", True, check_light, lambda it, asked: it.set_identify(asked.state, lasting(asked)), lambda value: {"change": changed(value)}),
    "GetIdentity": ("identity.read", False, nothing, lambda it, asked: it.identity(), lambda value: {"identity": value}),
    "ListMedia": ("media.list", False, nothing, lambda it, asked: it.media(), lambda value: {"slots": value}),
    "InsertMedia": ("media.insert", True, check_medium, lambda it, asked: it.insert_media(asked.medium), lambda value: {"slot": value}),
    "EjectMedia": ("media.eject", True, nothing, lambda it, asked: it.eject_media(asked.slot), lambda value: {"change": changed(value)}),
    "GetBios": ("bios.read", False, nothing, lambda it, asked: it.bios(), lambda value: {"bios": value}),
    "SetBios": ("bios.set", True, check_settings, lambda it, asked: it.set_bios(wanted(asked)), lambda value: {"change": changed(value)}),
    "ResetBmc": ("bmc.reset", True, check_reset, lambda it, asked: it.reset_bmc(asked.kind), lambda value: {"change": changed(value)}),
}


class Connected:
    """A BMC, and the library's object for it while there is one."""

    def __init__(self, make):
        self.make, self.library, self.turn = make, None, threading.Lock()

    def carry_out(self, work, changes, context):
        left = context.time_remaining()
        limit = time.monotonic() + (PATIENCE if left is None else left) - MARGIN
        if not self.turn.acquire(timeout=max(0, limit - time.monotonic())):
            raise Failed(status.CAUSE_BUSY, "another call to this BMC is under way")
        try:
            return self.result(work, changes, context, limit)
        finally:
            self.turn.release()

    def result(self, work, changes, context, limit):
        if not context.is_active():
            raise Failed(status.CAUSE_INTERNAL, "nobody waits for it")
        done = queue.Queue(1)
        threading.Thread(target=self.work, args=(work, done), daemon=True).start()
        while context.is_active() and time.monotonic() < limit:
            try:
                value = done.get(timeout=max(0.001, min(0.05, limit - time.monotonic())))
            except queue.Empty:
                continue
            if isinstance(value, Exception):
                raise value
            return value
        self.forget()
        if changes:
            raise Failed(status.CAUSE_OUTCOME_UNKNOWN, "no answer by the deadline")
        raise Failed(status.CAUSE_UNREACHABLE, "no answer by the deadline")

    def work(self, work, done):
        try:
            library = self.library = self.library or self.make()
            done.put(work(library))
        except Exception as error:
            done.put(error)

    def forget(self):
        """The library's object is of no use any more."""
        library, self.library = self.library, None
        if library:
            library.forget()

    def close(self):
        library, self.library = self.library, None
        if library:
            closing = threading.Thread(target=library.close, daemon=True)
            closing.start()
            closing.join(5)


class Service(bmc_pb2_grpc.BmcServicer):
    def __init__(self, kind):
        self.kind, self.bmcs, self.number = kind, {}, 0
        self.description = bmc.DriverDescription(name=kind.NAME, about=kind.ABOUT, claims=sorted(kind.CLAIMS))

    def Describe(self, request, context):
        return bmc.DescribeResponse(drivers=[self.description], connects=True, about=f"{self.kind.NAME} {self.kind.VERSION}")

    def Connect(self, request, context):
        try:
            place = Place(request)
        except Failed as failed:
            context.abort_with_status(failed.status())
        self.number += 1
        name = f"bmc{self.number}"
        self.bmcs[name] = Connected(lambda: self.kind(place))
        return bmc.ConnectResponse(bmc=name, driver=self.description)

    def Disconnect(self, request, context):
        connected = self.bmcs.pop(request.bmc, None)
        if connected:
            connected.close()
        return bmc.DisconnectResponse()

    def carry_out(self, name, request, context):
        word, changes, check, work, become = CALLS[name]
        try:
            if request.bmc not in self.bmcs:
                raise Failed(status.CAUSE_NOT_FOUND, "such name")
            if word == "power":
                if request.action not in model.PowerAction.values()[1:]:
                    raise Failed(status.CAUSE_INVALID_ARGUMENT, "no such action")
                word = "power." + model.PowerAction.Name(request.action).removeprefix("POWER_ACTION_").lower()
            if word not in self.kind.CLAIMS:
                raise Failed(status.CAUSE_UNSUPPORTED, f"{self.kind.NAME} does not do {word}")
            check(self.kind.CLAIMS, request)
            connected = self.bmcs[request.bmc]
            value = connected.carry_out(lambda it: work(it, request), changes, context)
        except Exception as error:
            failed = error if isinstance(error, Failed) else self.kind.failed(error, changes)
            if failed.is_gone:
                connected.forget()
            context.abort_with_status(failed.status())
        answered = status.Answered(protocol=self.kind.PROTOCOL)
        return getattr(bmc, f"{name}Response")(answered=answered, **become(value))


for _name in CALLS:
    setattr(Service, _name, lambda self, request, context, name=_name: self.carry_out(name, request, context))


def serve(kind):
    """Serves until standard input ends."""
    server = grpc.server(futures.ThreadPoolExecutor(64))
    bmc_pb2_grpc.add_BmcServicer_to_server(Service(kind), server)
    server.add_insecure_port("unix:" + os.environ["HALMARK_SOCKET"])
    server.start()
    print("halmark.v1 ready", flush=True)
    sys.stdin.read()
    server.stop(1).wait()
    # Threads of a library that never returned are not waited for.
    os._exit(0)
