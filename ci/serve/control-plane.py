#!/usr/bin/env python3
"""A control plane in stock gRPC that `halmark serve --dial unix:SOCKET` dials: it asks for the power state of each BMC, and ends.

    python -m grpc_tools.protoc -I grpc/proto --python_out=gen --grpc_python_out=gen grpc/proto/halmark/v1/*.proto   # mkdir gen first
    PYTHONPATH=gen ci/serve/control-plane.py plane.sock & halmark serve --dial unix:plane.sock --bmc rack7=https://192.0.2.12
"""

import queue
import sys
import time
import uuid
from concurrent import futures
from datetime import datetime, timedelta, timezone

import grpc
from google.protobuf.any_pb2 import Any
from halmark.v1 import bmc_pb2, dial_pb2, dial_pb2_grpc


class ControlPlane(dial_pb2_grpc.ControlPlaneServicer):
    def __init__(self):
        self.states = queue.Queue()

    def Dial(self, heard, context):
        """Says what has to be said as soon as there is something; what is heard decides what that is."""
        asked = {}
        for said in heard:
            if said.HasField("hello"):
                self.states.put(len(said.hello.description.bmcs))
                for bmc in said.hello.description.bmcs:
                    asked[(command := power(bmc)).id] = bmc
                    yield dial_pb2.DialResponse(command=command)
            elif said.HasField("beat") and said.beat.asks:
                yield dial_pb2.DialResponse(beat=dial_pb2.Beat())
            elif said.HasField("answer"):
                yield dial_pb2.DialResponse(acknowledge=dial_pb2.Acknowledgement(ids=[said.answer.id]))
                self.states.put(f"{asked.get(said.answer.id)}: {told(said.answer)}")


def power(bmc):
    """A command, with an id of its own and ten seconds to be carried out."""
    call = Any()
    call.Pack(bmc_pb2.GetPowerRequest(bmc=bmc))
    command = dial_pb2.Command(id=str(uuid.uuid4()), call=call)
    command.by.FromDatetime(datetime.now(timezone.utc) + timedelta(seconds=10))
    return command


def told(answer):
    if answer.HasField("answer"):
        power = bmc_pb2.GetPowerResponse()
        answer.answer.Unpack(power)
        return power.state
    if answer.HasField("failed"):
        return f"failed with code {answer.failed.code}: {answer.failed.message}"
    return f"not acted on: {answer.refused.text}"


def main():
    plane, server = ControlPlane(), grpc.server(futures.ThreadPoolExecutor(4))
    dial_pb2_grpc.add_ControlPlaneServicer_to_server(plane, server)
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    server.start()
    for _ in range(plane.states.get(timeout=30)):
        print(plane.states.get(timeout=30), flush=True)
    time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0)
    server.stop(1).wait()


if __name__ == "__main__":
    main()
