"""Machines that fall silent: what a call is told, and what the gateway thinks of the target afterwards."""
import contextlib
import socket
import threading
import unittest

from harness import GATEWAY_TOKEN, local_gateway, text_of, until
from machines import DockerEngine, SshServer, stopped
from test_machines import descendants_of

TIMEOUT = "    constraints: {timeout: 2}\n"


def state_of(gateway, name):
    targets = gateway.call("list_targets")["structuredContent"]["targets"]
    return next(target["state"] for target in targets if target["id"] == name)


class Silence(unittest.TestCase):
    def refused(self, gateway, tool, **arguments):
        result = gateway.call(tool, arguments)
        self.assertTrue(result.get("isError"), text_of(result))
        return text_of(result)

    def works(self, gateway, tool, **arguments):
        """Waits until it does: on a busy machine the short time of a call may not do at first."""
        until(lambda: not gateway.call(tool, arguments).get("isError", False), 60, tool)

    def assert_unreachable(self, gateway, name):
        state = state_of(gateway, name)
        self.assertEqual(state["status"], "unreachable", state)
        self.assertIn("did not answer in time", state["reason"])


class SilentApi(Silence):
    """An API that takes connections; what it says is `begins`, of an answer of two bytes."""

    @contextlib.contextmanager
    def api(self, begins=b""):
        with socket.create_server(("127.0.0.1", 0)) as server:
            peers = []

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        peers.append(server.accept()[0])
                        peers[-1].recv(65536)
                        peers[-1].sendall(begins)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            target = ('version: "1.0"\ntargets:\n  api:\n    type: http\n    connection:\n'
                      f'      base_url: "http://127.0.0.1:{server.getsockname()[1]}"\n'
                      '      methods: [GET, POST]\n      paths: ["/status"]\n'
                      '    capabilities: ["http:read", "http:write"]\n') + TIMEOUT
            with local_gateway(targets=target) as gateway:
                yield gateway
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for peer in peers:
                peer.close()

    def test_is_unreachable_where_nothing_was_begun(self):
        with self.api() as gateway:
            told = self.refused(gateway, "http_request", target="api", method="GET", path="/status")
            self.assertTrue(told.startswith("deadline_exceeded: "), told)
            self.assert_unreachable(gateway, "api")

    def test_is_unreachable_to_a_test(self):
        with self.api() as gateway:
            self.refused(gateway, "test_target", target="api")
            self.assert_unreachable(gateway, "api")

    def test_may_still_finish_what_was_begun_which_tells_nothing_of_it(self):
        with self.api() as gateway:
            told = self.refused(gateway, "http_request", target="api", method="POST", path="/status")
            self.assertIn("may still finish", told)
            self.assertEqual(state_of(gateway, "api")["status"], "unknown")

    def test_that_has_begun_to_answer_is_slow_and_not_unreachable(self):
        with self.api(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no") as gateway:
            told = self.refused(gateway, "http_request", target="api", method="GET", path="/status")
            self.assertTrue(told.startswith("deadline_exceeded: "), told)
            self.assertEqual(state_of(gateway, "api")["status"], "unknown")


class SilentEngine(Silence):
    def test_that_never_answered_is_unreachable(self):
        for tool in ("get_container_list", "test_target"):
            engine = DockerEngine()
            self.addCleanup(engine.end)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(engine.socket))
                server.listen()
                with local_gateway(targets='version: "1.0"\ntargets:\n' + engine.target("docker", TIMEOUT)) as gateway:
                    told = self.refused(gateway, tool, target="docker")
                    self.assertTrue(told.startswith("deadline_exceeded: ") or "did not answer in time" in told, told)
                    self.assert_unreachable(gateway, "docker")

    def test_that_stops_between_two_calls_is_unreachable_until_it_goes_on(self):
        with DockerEngine() as engine:
            engine.run("web", "sleep", "3600")
            with local_gateway(targets='version: "1.0"\ntargets:\n' + engine.target("docker", TIMEOUT)) as gateway:
                self.works(gateway, "get_container_list", target="docker")
                with stopped(engine.process.pid):
                    told = self.refused(gateway, "manage_container", target="docker", action="start", name_or_id="web")
                    self.assertIn("may still finish", told)
                    self.assertEqual(state_of(gateway, "docker")["status"], "reachable", "of what was begun nothing is known")
                    self.refused(gateway, "get_container_list", target="docker")
                    self.assert_unreachable(gateway, "docker")
                self.works(gateway, "get_container_list", target="docker")
                self.assertEqual(state_of(gateway, "docker")["status"], "reachable")


class SilentSsh(Silence):
    def test_wedged_under_a_warm_session_is_unreachable_until_it_goes_on(self):
        with SshServer() as server:
            spec = 'version: "1.0"\ntargets:\n' + server.target("web", TIMEOUT)
            with local_gateway(targets=spec) as gateway:
                gateway.command("targets", "trust", "web", "--yes", "--config", gateway.config, check=True)
                for tool in ("get_system_status", "test_target"):
                    self.works(gateway, "get_system_status", target="web")
                    self.assertEqual(state_of(gateway, "web")["status"], "reachable")
                    # The listener and the processes of its sessions, which are two deep.
                    with stopped(server.process.pid, *descendants_of(server.process.pid)):
                        told = self.refused(gateway, tool, target="web")
                        self.assertIn("did not answer in time", told)
                        self.assert_unreachable(gateway, "web")
                self.works(gateway, "get_system_status", target="web")
                self.assertEqual(state_of(gateway, "web")["status"], "reachable")

    def test_that_never_answered_is_unreachable_to_a_test(self):
        with socket.create_server(("127.0.0.1", 0)) as silent, SshServer() as server:
            spec = server.target("web", TIMEOUT).replace(str(server.port), str(silent.getsockname()[1]))
            with local_gateway(targets='version: "1.0"\ntargets:\n' + spec) as gateway:
                self.refused(gateway, "test_target", target="web")
                self.assert_unreachable(gateway, "web")

    def test_a_command_that_is_slow_tells_nothing_of_it(self):
        commands = ('commands:\n  - {name: rest, description: "Rests for long", command_template: sleep 60, '
                    'capability: "system:read"}\n'
                    '  - {name: greet, description: "Greets", command_template: echo hello, capability: "system:read"}\n')
        with SshServer() as server:
            spec = 'version: "1.0"\ntargets:\n' + server.target("web", TIMEOUT.replace("2", "5"))
            made = local_gateway(targets=spec, gateway=GATEWAY_TOKEN + "commands: commands.yaml\n")
            made.write("commands.yaml", commands)
            with made as gateway:
                gateway.command("targets", "trust", "web", "--yes", "--config", gateway.config, check=True)
                # Logs in and learns of the login shell, so that the time is the command's.
                self.works(gateway, "execute_command", target="web", command_name="greet")
                told = self.refused(gateway, "execute_command", target="web", command_name="rest")
                self.assertIn("did not finish in time; it was stopped", told)
                self.assertEqual(state_of(gateway, "web")["status"], "reachable")


if __name__ == "__main__":
    unittest.main()
