"""What the daemon tells the service manager that started it (sd_notify(3), Type=notify)."""
import os
import pathlib
import signal
import socket
import tempfile
import unittest

from harness import Gateway


class Told:
    """The manager's end: a datagram socket."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(30)
        self.socket.bind(address)

    def next(self):
        return self.socket.recv(4096).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class ServiceManager(unittest.TestCase):
    def check(self, address, name):
        with Told(address) as told, Gateway(embedded=True, environment={"NOTIFY_SOCKET": name}) as gateway:
            self.assertEqual(told.next(), "READY=1")
            self.assertEqual(gateway.request("GET", "/readyz", token=None).status, 200)
            self.assertEqual(gateway.stop(signal.SIGTERM), 0)
            self.assertEqual(told.next(), "STOPPING=1")

    def test_is_told_when_requests_are_answered_and_when_we_stop(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "notify")
            self.check(path, path)

    def test_is_told_at_an_abstract_address_too(self):
        name = f"tailops-test-{os.getpid()}"
        self.check(f"\0{name}", f"@{name}")

    def test_is_not_told_when_the_start_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "notify")
            with Told(path) as told:
                gateway = Gateway(files={"gateway.yaml": "listen: [nonsense]"}, environment={"NOTIFY_SOCKET": path})
                try:
                    with self.assertRaises(AssertionError):
                        gateway.start()
                    self.assertEqual(gateway.process.wait(30), 2)
                finally:
                    gateway.__exit__()
                told.socket.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    told.socket.recv(4096)

    def test_that_does_not_listen_holds_nothing_up(self):
        for name in ("/nowhere/notify", "@tailops-nobody", "x" * 200):
            with Gateway(embedded=True, environment={"NOTIFY_SOCKET": name}) as gateway:
                self.assertEqual(gateway.request("GET", "/healthz", token=None).status, 200, name)


if __name__ == "__main__":
    unittest.main()
