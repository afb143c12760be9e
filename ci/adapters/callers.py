"""Two stock callers of `halmark serve` in Python: one generated from the published proto, one that knows nothing and asks by reflection.

    . target/adapters/environment && python ci/adapters/callers.py

Both switch a simulated host on and read that it is; the machine's truth log says so, too; the error of a BMC that is not there has its Failure. It fails where anything is otherwise.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import status_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from halmark.v1 import bmc_pb2, bmc_pb2_grpc, model_pb2, status_pb2 as failures, truth_pb2, truth_pb2_grpc

ACCOUNT = {"HALMARK_USER": "admin", "HALMARK_PASSWORD": "only-on-loopback"}
SERVICE = "halmark.v1.Bmc"
# gRPC's C core would say the socket's path as the authority, which no HTTP/2 allows.
OPTIONS = [("grpc.default_authority", "localhost")]


def main():
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as channel:
        by_proto(channel)
        by_reflection(channel)
        the_truth(Path(folder))
    print("callers: the generated one and the one by reflection did what they should")


@contextlib.contextmanager
def served(folder):
    """A channel to a service that knows one simulated BMC, `rack7`, whose host is off."""
    environment = {**os.environ, **ACCOUNT}
    sim = ["halmark", "sim", "--output", "json", "--for", "120s", "--tls", "off", "--time-scale", "0.01", "--truth", str(folder / "truth.sock")]
    with subprocess.Popen(sim, env=environment, stdout=subprocess.PIPE) as bmc:
        try:
            url, socket = json.loads(bmc.stdout.readline())["urls"][0], folder / "halmark.sock"
            words = ["halmark", "serve", "--bmc", f"rack7={url}", "--listen", f"unix:{socket}", "--audit", str(folder / "audit")]
            with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as service:
                try:
                    expect(service.stdout.readline().strip(), b"halmark.v1 ready")
                    with grpc.insecure_channel(f"unix:{socket}", options=OPTIONS) as channel:
                        yield channel
                finally:
                    service.terminate()
        finally:
            bmc.terminate()


def by_proto(channel):
    """The generated client."""
    stub = bmc_pb2_grpc.BmcStub(channel)
    expect(list(stub.Describe(bmc_pb2.DescribeRequest()).bmcs), ["rack7"])
    expect(stub.GetPower(bmc_pb2.GetPowerRequest(bmc="rack7")).state, model_pb2.POWER_STATE_POWERED_OFF)
    try:
        stub.GetPower(bmc_pb2.GetPowerRequest(bmc="nobody"), timeout=10)
        sys.exit("a BMC that is not there answered")
    except grpc.RpcError as error:
        expect(error.code(), grpc.StatusCode.NOT_FOUND)
        status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
        failure = failures.Failure()
        expect(status.details[0].Unpack(failure), True)
        expect(failure.cause, failures.CAUSE_NOT_FOUND)


def by_reflection(channel):
    """What grpcurl does: services, methods and messages are asked for, and JSON is turned into them."""
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request])))
    names = {it.name for it in answer.list_services_response.service}
    expect({SERVICE, "grpc.health.v1.Health"} <= names, True)
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    methods = pool.FindServiceByName(SERVICE).methods_by_name

    def call(name, **words):
        method = methods[name]
        ask = json_format.ParseDict(words, message_factory.GetMessageClass(method.input_type)())
        answer = message_factory.GetMessageClass(method.output_type)
        made = channel.unary_unary(f"/{SERVICE}/{name}", type(ask).SerializeToString, answer.FromString)
        return json_format.MessageToDict(made(ask, timeout=30))

    expect(call("SetPower", bmc="rack7", action="POWER_ACTION_ON")["change"], "CHANGE_CHANGED")
    until = time.monotonic() + 20
    while (power := call("GetPower", bmc="rack7"))["state"] != "POWER_STATE_POWERED_ON" and time.monotonic() < until:
        time.sleep(0.05)
    expect(power["state"], "POWER_STATE_POWERED_ON")
    expect(power["answered"]["protocol"], "PROTOCOL_REDFISH")


def the_truth(folder):
    """What has happened to the machine since, told by the machine and not by its BMC."""
    with grpc.insecure_channel(f"unix:{folder}/truth.sock", options=OPTIONS) as channel:
        stub = truth_pb2_grpc.TruthStub(channel)
        bmc, = stub.ListMachines(truth_pb2.ListMachinesRequest()).bmcs
        events = stub.WatchTruth(truth_pb2.WatchTruthRequest(bmc=bmc), timeout=20)
        names = [next(events).name for _ in range(2)]
        expect(names, ["power.on", "host.post"])
        events.cancel()


def expect(found, wanted):
    """Says what was found, and ends."""
    if found != wanted:
        sys.exit(f"expected {wanted!r}, found {found!r} in {sys._getframe(1).f_code.co_name}, line {sys._getframe(1).f_lineno}")


if __name__ == "__main__":
    main()
