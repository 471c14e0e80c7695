"""What one caller can cost the others: bodies that nobody asked for, and readings that hold up everybody."""
import contextlib
import pathlib
import select
import socket
import threading
import unittest
import urllib.parse

from harness import PROTOCOL, local_gateway, text_of, until

GATEWAY = """version: 1
listen: ["127.0.0.1:0"]
state_dir: "@STATE@"
auth: {mode: token}
commands: commands.yaml
mcp: {calls_per_minute: 0}
log: {level: info}
"""
TARGETS = """version: "1.0"
targets:
  local:
    type: local
    capabilities: ["system:read"]
    constraints: {timeout: 60s}
"""
COMMANDS = """commands:
  - {name: talk, description: s, command_template: seq 1 1800000}
"""


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Bodies(unittest.TestCase):
    LENGTH = 4 * 1024 * 1024

    def head(self, token=None):
        head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {self.LENGTH}\r\n"
        head += f"MCP-Protocol-Version: {PROTOCOL}\r\n"
        return (head + (f"Authorization: Bearer {token}\r\n" if token else "") + "\r\n").encode()

    def ask(self, port, token=None, body=b""):
        """The status line and headers that come although the body does not."""
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(self.head(token) + body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = client.recv(4096)
                if not piece:
                    break
                answer += piece
            return answer.decode()

    def test_are_not_read_before_it_is_known_who_sends_them(self):
        with local_gateway(gateway=GATEWAY.replace("commands: commands.yaml\n", "")) as gateway:
            port = urllib.parse.urlsplit(gateway.url).port
            for answer in (self.ask(port), self.ask(port, body=b"{" * 1000)):
                self.assertTrue(answer.startswith("HTTP/1.1 401 "), answer)
                self.assertIn("WWW-Authenticate: Bearer", answer)
                self.assertIn("Connection: close", answer)
            unknown = self.ask(port, "tailops_" + "x" * 43)
            self.assertTrue(unknown.startswith("HTTP/1.1 401 "), unknown)
            # Fifty that send all but the last bytes of 200 MB: none of it stays with us.
            before = resident_bytes(gateway.pid)
            clients = []
            try:
                for _ in range(50):
                    client = socket.create_connection(("127.0.0.1", port), timeout=20)
                    clients.append(client)
                    client.settimeout(0.2)
                    try:
                        client.sendall(self.head() + b"{" * (self.LENGTH - 64))
                    except OSError:
                        pass  # it does not take it, or has closed
                self.assertLess(resident_bytes(gateway.pid) - before, 100_000_000)
            finally:
                for client in clients:
                    client.close()
            self.assertFalse(gateway.call("get_system_status", {"target": "local"}).get("isError"))

    def test_of_one_address_are_bounded_although_it_is_known(self):
        with local_gateway(gateway=GATEWAY.replace("commands: commands.yaml\n", "")) as gateway:
            port = urllib.parse.urlsplit(gateway.url).port
            clients = []
            try:
                for _ in range(8):
                    client = socket.create_connection(("127.0.0.1", port), timeout=20)
                    clients.append(client)
                    client.settimeout(5)
                    try:
                        client.sendall(self.head(gateway.token) + b" " * (self.LENGTH - 64))
                    except OSError:
                        pass
                # 16 MiB of four of them, and the fifth is told to come again.
                refused, waiting = 0, list(clients)

                def enough_are_refused():
                    nonlocal refused
                    for client in select.select(waiting, [], [], 0)[0]:
                        waiting.remove(client)
                        with contextlib.suppress(OSError):
                            refused += client.recv(64).startswith(b"HTTP/1.1 503 ")
                    return refused >= 3
                until(enough_are_refused, 60, "the refusal of three")
            finally:
                for client in clients:
                    client.close()
            until(lambda: not gateway.call("get_system_status", {"target": "local"}).get("isError"))


class Readings(unittest.TestCase):
    def test_of_one_caller_keep_nobody_from_being_let_in(self):
        made = local_gateway(gateway=GATEWAY, targets=TARGETS)
        made.write("commands.yaml", COMMANDS)
        with made as gateway:
            greedy = gateway.mint("admin", subject="greedy")
            result = gateway.call("execute_command", {"target": "local", "command_name": "talk"}, token=greedy)
            run = result["structuredContent"]["run_id"]
            said, over = [], threading.Event()

            def read():
                while not over.is_set():
                    said.append(text_of(gateway.call("read_output", {"run": run, "grep": "(a|b)*nothing"},
                                                     token=greedy)))

            readers = [threading.Thread(target=read) for _ in range(40)]
            for reader in readers:
                reader.start()
            try:
                until(lambda: any("readings under way" in text for text in said), what="the bound of one caller")
                # Who waits for a thread that is held by others is answered 503 after 10 s.
                for number in range(5):
                    # The readings' records may wait for a slow disk; there is room for those of others.
                    fresh = gateway.mint("admin", subject=f"newcomer-{number}")
                    result = gateway.call("get_system_status", {"target": "local"}, token=fresh)
                    self.assertFalse(result.get("isError"), text_of(result))
            finally:
                over.set()
                for reader in readers:
                    reader.join(60)


if __name__ == "__main__":
    unittest.main()
