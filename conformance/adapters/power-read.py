#!/usr/bin/env python3
"""A driver in Python: power.read over Redfish. docs/grpc.md, "A driver of your own", has the two commands before it."""
import base64, json, os, sys, urllib.error, urllib.request
from concurrent import futures

import grpc
from halmark.v1 import bmc_pb2 as bmc, bmc_pb2_grpc, model_pb2 as model, status_pb2 as status
STATES = {
    "On": model.POWER_STATE_POWERED_ON,
    "Off": model.POWER_STATE_POWERED_OFF,
    "PoweringOn": model.POWER_STATE_POWERING_ON,
    "PoweringOff": model.POWER_STATE_POWERING_OFF,
}
DRIVER = bmc.DriverDescription(name="toy", about="power.read", claims=["power.read", "protocol:redfish"])

class Toy(bmc_pb2_grpc.BmcServicer):
    def __init__(self):
        self.bmcs = {}

    def Describe(self, request, context):
        return bmc.DescribeResponse(drivers=[DRIVER], connects=True, about="toy 1")

    def Connect(self, request, context):
        name = f"bmc{len(self.bmcs)}"
        self.bmcs[name] = request
        return bmc.ConnectResponse(bmc=name, driver=DRIVER)

    def Disconnect(self, request, context):
        self.bmcs.pop(request.bmc, None)
        return bmc.DisconnectResponse()

    def SetPower(self, request, context):
        known = request.action in model.PowerAction.values()[1:]
        code = grpc.StatusCode.UNIMPLEMENTED if known else grpc.StatusCode.INVALID_ARGUMENT
        context.abort(code, "this driver only reads")

    def GetPower(self, request, context):
        if request.bmc not in self.bmcs:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such BMC")
        at = self.bmcs[request.bmc]
        account = f"{at.credentials.user}:{at.credentials.password.decode()}".encode()
        asked = urllib.request.Request(at.url + "/redfish/v1/Systems/1")
        asked.add_header("Authorization", "Basic " + base64.b64encode(account).decode())
        try:
            with urllib.request.urlopen(asked, timeout=context.time_remaining() - 0.2) as answer:
                state = json.load(answer)["PowerState"]
        except urllib.error.HTTPError as error:
            code = grpc.StatusCode.UNAUTHENTICATED if error.code == 401 else grpc.StatusCode.FAILED_PRECONDITION
            context.abort(code, f"the BMC answered {error.code}")
        except OSError as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        answered = status.Answered(protocol=status.PROTOCOL_REDFISH)
        return bmc.GetPowerResponse(answered=answered, state=STATES.get(state, model.POWER_STATE_UNKNOWN))

server = grpc.server(futures.ThreadPoolExecutor(32))
bmc_pb2_grpc.add_BmcServicer_to_server(Toy(), server)
server.add_insecure_port("unix:" + os.environ["HALMARK_SOCKET"])
server.start()
print("halmark.v1 ready", flush=True)
sys.stdin.read()  # until nobody is left
