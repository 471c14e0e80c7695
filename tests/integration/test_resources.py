"""Resources through the daemon: who may read them, how often, and who is told of their changes."""
import contextlib
import json
import signal
import unittest

from harness import GATEWAY_TOKEN, PROTOCOL, local_gateway, text_of, until
from test_protocol import BOTH, LEGACY, Session, message, stream

OWN = ("tailops://audit", "tailops://tools", "tailops://me", "tailops://targets")

# Who is called hidden may ask the gateway nothing; who is called tester may do everything.
POLICY = """version: 1
rules:
  - {id: everything, effect: allow, tier: admin}
  - {id: nothing-of-the-gateway, effect: deny, capabilities: ["gateway:read"], principals: {subjects: [hidden]}}
"""

NO_TARGET = """version: 1
rules:
  - {id: far, effect: allow, tier: admin, targets: {ids: [far]}}
"""

TARGETS = """version: "1.0"
targets:
  near: {type: local, capabilities: ["system:read"]}
  far: {type: local, capabilities: ["system:read"]}
"""


@contextlib.contextmanager
def listening(gateway, uris):
    """A modern stream that listens for these resources: a function that returns the next message."""
    meta = {"io.modelcontextprotocol/protocolVersion": PROTOCOL,
            "io.modelcontextprotocol/clientInfo": {"name": "by-hand", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {}}
    body = json.dumps(message("subscriptions/listen", 1, notifications={"resourceSubscriptions": uris}, _meta=meta))
    headers = {**BOTH, "MCP-Protocol-Version": PROTOCOL, "Mcp-Method": "subscriptions/listen"}
    with stream(gateway, "POST", body, headers) as following:
        yield following


def readers(gateway, token=True):
    """A way to read a resource per era; each returns the whole message."""
    yield "modern", lambda uri: gateway.rpc("resources/read", {"uri": uri}, headers={"Mcp-Name": uri},
                                            token=token).json
    for revision in LEGACY:
        session = Session(gateway, revision, token=token)
        yield revision, lambda uri, session=session: session.post(message("resources/read", 5, uri=uri)).json


def listed(gateway, token):
    return {one["uri"] for one in gateway.rpc("resources/list", token=token).result["resources"]}


class Resources(unittest.TestCase):
    def test_are_read_at_the_rate_of_calls_in_both_eras(self):
        with local_gateway(gateway=GATEWAY_TOKEN + "mcp: {calls_per_minute: 2}\n") as gateway:
            for count, era in enumerate(("modern", *LEGACY)):
                token = gateway.mint("admin", subject=f"reader-{count}")
                read = dict(readers(gateway, token))[era]
                self.assertIn("contents", read("tailops://targets/local/state")["result"], era)
                self.assertFalse(gateway.call("whoami", token=token).get("isError", False))
                for uri in (*OWN, "tailops://targets/local", "tailops://runs/none"):
                    refused = read(uri)["error"]
                    self.assertEqual((refused["code"], refused["data"]), (-32603, {"reason": "busy"}), (era, uri))
                    self.assertRegex(refused["message"], r"^nothing was done: .*; wait \d+ s$")
                # What names nothing costs nothing, and is told from what has to wait.
                self.assertIn(read("tailops://nothing")["error"]["code"], (-32602, -32002))
                self.assertIn("busy", text_of(gateway.call("whoami", token=token)))
                # A message that says busy is no failure of ours.
                self.assertEqual(gateway.logged().count("calls_throttled"), count + 1)

    def test_are_neither_listed_nor_read_where_the_gateway_may_not_be_asked(self):
        with local_gateway(policy=POLICY) as gateway:
            hidden = gateway.mint("admin", subject="hidden")
            self.assertLessEqual(set(OWN), listed(gateway, True))
            self.assertEqual(listed(gateway, hidden), set())
            for era, read in readers(gateway, hidden):
                for uri in OWN:
                    refused = read(uri)["error"]
                    self.assertEqual(refused["code"], -32803, (era, uri))
                    self.assertIn("nothing-of-the-gateway", refused["message"])
            for era, read in readers(gateway):
                for uri in OWN:
                    self.assertIn("contents", read(uri)["result"], (era, uri))

            def recorded():
                told = gateway.command("audit", "query", "--state-dir", str(gateway.state_dir),
                                       "--tool", "resources/read", check=True).stdout
                return [json.loads(line) for line in told.splitlines()]
            eras = 1 + len(LEGACY)
            records = until(lambda: len(recorded()) == 4 * eras and recorded(), what="a record of each reading")
            self.assertEqual({(one["effect"], one["outcome"]) for one in records}, {("allow", "ok"), ("deny", "refused")})

    def test_are_told_of_once_a_reload_lets_them_be_read(self):
        near, far = "tailops://targets/near", "tailops://targets/far"
        always = "tailops://tools"  # told of at each reload, and after the others
        with local_gateway(policy=NO_TARGET, targets=TARGETS) as gateway:
            with listening(gateway, [near, far, always]) as heard:
                self.assertEqual(heard()["params"]["notifications"], {"resourceSubscriptions": [far, always]})
                gateway.write("policy.yaml", POLICY)
                gateway.process.send_signal(signal.SIGHUP)
                told = [heard()["params"]["uri"]]
                while told[-1] != always:
                    told.append(heard()["params"]["uri"])
                self.assertEqual(told, [far, near, always])
                gateway.call("test_target", {"target": "near"})
                self.assertEqual(heard()["params"]["uri"], near)


if __name__ == "__main__":
    unittest.main()
