"""An IPMI v1.5 session with a straight password (IPMI v2.0 §22.16, §22.17): the cheapest client there is, so that what is measured is the BMC."""

import socket
import struct

from timing import Unmeasured

STRAIGHT, ADMINISTRATOR = 4, 4
# Network function and command.
GET_DEVICE_ID, GET_CHASSIS_STATUS, GET_CAPABILITIES = (6, 0x01), (0, 0x01), (6, 0x38)


class Session:
    """A session; `ask` is one command."""

    def __init__(self, address, user, password):
        self.password = password.encode().ljust(16, b"\0")
        self.kind = self.id = self.sequence = self.number = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.connect(address)
        challenge = self.ask(6, 0x39, bytes([STRAIGHT]) + user.encode().ljust(16, b"\0"))
        self.id, self.kind = struct.unpack("<I", challenge[:4])[0], STRAIGHT
        opened = self.ask(6, 0x3A, bytes([STRAIGHT, ADMINISTRATOR]) + challenge[4:20] + b"\1\0\0\0")
        self.id, self.sequence = struct.unpack("<II", opened[1:9])
        self.ask(6, 0x3B, bytes([ADMINISTRATOR]))

    def ask(self, netfn, command, data=b""):
        """The data of an answer with completion code 00h."""
        self.number = (self.number + 1) % 64
        self.socket.send(self.packet(netfn, command, data))
        while True:
            answer = self.socket.recv(1024)
            message = answer[14 if answer[4] == 0 else 30 :]
            if message[4] >> 2 == self.number and message[5] == command:
                break
        if message[6] != 0:
            raise Unmeasured(f"command {netfn:02x} {command:02x} was refused with completion code {message[6]:02x}")
        return message[7:-1]

    def packet(self, netfn, command, data):
        """RMCP, the session's header and the message (§13.6, §13.8)."""
        second = bytes([0x81, self.number << 2, command]) + data
        message = bytes([0x20, netfn << 2, -(0x20 + (netfn << 2)) & 0xFF]) + second + bytes([-sum(second) & 0xFF])
        code = self.password if self.kind else b""
        head = struct.pack("<BBBBBII", 6, 0, 0xFF, 7, self.kind, self.sequence, self.id)
        self.sequence += 1 if self.sequence else 0
        return head + code + bytes([len(message)]) + message

    def close(self):
        """Ends it at the BMC and here (§22.19)."""
        self.ask(6, 0x3C, struct.pack("<I", self.id))
        self.socket.close()
