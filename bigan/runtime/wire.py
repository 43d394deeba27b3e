"""Messages between the processes of one run: JSON, one line each, over sockets."""

from __future__ import annotations

import json
import socket

from bigan.types import Json

BLOCK = 1 << 16


class Wire:
    """One end of a connection.

    Args:
        connection: a connected stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._rest = b""

    def fileno(self) -> int:
        """For `select`."""
        return self.connection.fileno()

    def send(self, **message: Json) -> bool:
        """Sends one message; False if nobody is at the other end any more."""
        try:
            self.connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True

    def receive(self) -> list[dict[str, Json]] | None:
        """The messages that are there (one read, which may wait); None at the end of the connection.

        Raises:
            TimeoutError: if the connection has a time limit, and nothing came within it.
        """
        try:
            block = self.connection.recv(BLOCK)
        except TimeoutError:
            raise
        except OSError:
            return None
        if not block:
            return None
        *lines, self._rest = (self._rest + block).split(b"\n")
        try:
            messages = [json.loads(line) for line in lines]
        except ValueError:  # somebody else's protocol
            return None
        return messages if all(isinstance(message, dict) for message in messages) else None

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()
