"""Tokens of real authorization servers: npm oidc-provider, and FakeTsidp for what only TSIDP does."""
import base64
import json
import unittest
import urllib.parse
import urllib.request

from harness import LOCAL_TARGET, Gateway, text_of, until
from machines import NodeServer, free_port

POLICY = """version: 1
roles:
  operators:
    members: {subjects: ["alice@example.com"]}
    scopes: ["readonly"]
rules:
  - {id: observe, effect: allow, tier: observe}
"""


def post(url, fields, user=None, password=None):
    request = urllib.request.Request(url, urllib.parse.urlencode(fields, doseq=True).encode())
    if user:
        pair = urllib.parse.quote_plus(user) + ":" + urllib.parse.quote_plus(password)
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
        return json.loads(body) if body else None


def post_json(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def gateway_for(server, port, client, how="basic", scopes="auto"):
    return Gateway(files={"targets.yaml": LOCAL_TARGET, "policy.yaml": POLICY, "gateway.yaml": f"""version: 1
listen: ["127.0.0.1:{port}"]
state_dir: "@STATE@"
auth:
  mode: oidc
  oidc:
    issuer: "{server.told['issuer']}"
    client_id: {client}
    client_secret: env:CLIENT_SECRET
    client_authentication: {how}
    scopes: {scopes}
"""}, environment={"CLIENT_SECRET": server.told["clients"][client]})


class OidcProvider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.resource = f"http://127.0.0.1:{cls.port}/mcp"
        order = {"resource": cls.resource, "scopes": ["system:read", "network:read", "file:read"]}
        cls.server = NodeServer("oidc.mjs", json.dumps(order)).__enter__()
        cls.gateway = gateway_for(cls.server, cls.port, "gateway", scopes="from_token").start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__()
        cls.server.__exit__()

    def token(self, scope="system:read", resource=None):
        told = self.server.told
        return post(told["token_endpoint"], {"grant_type": "client_credentials", "scope": scope,
                                             "resource": resource or self.resource},
                    "agent", told["clients"]["agent"])["access_token"]

    def test_tells_where_to_log_in(self):
        refused = self.gateway.rpc("tools/list", token=None)
        self.assertEqual(refused.status, 401)
        self.assertNotIn("error=", refused.headers["www-authenticate"])
        where = refused.headers["www-authenticate"].split('resource_metadata="')[1].split('"')[0]
        for path in (urllib.parse.urlsplit(where).path, "/.well-known/oauth-protected-resource"):
            metadata = self.gateway.request("GET", path, token=None).json
            self.assertEqual(metadata["resource"], self.resource)
            self.assertEqual(metadata["authorization_servers"], [self.server.told["issuer"]])

    def test_accepts_a_token_for_this_resource(self):
        result = self.gateway.call("get_system_status", {"target": "local"}, token=self.token())
        self.assertFalse(result.get("isError", False), text_of(result))

    def test_refuses_a_token_for_another_resource_or_none_at_all(self):
        for token in (self.token(resource="http://127.0.0.1:1/mcp"), "nonsense", "0" * 64):
            self.assertEqual(self.gateway.rpc("tools/list", token=token).status, 401)

    def test_asks_for_the_missing_scope_and_serves_the_step_up(self):
        arguments = {"name": "get_network_status", "arguments": {"target": "local"}}
        refused = self.gateway.rpc("tools/call", arguments, token=self.token("system:read"))
        self.assertEqual(refused.status, 403)
        self.assertIn('scope="network:read system:read"', refused.headers["www-authenticate"])
        stepped_up = self.gateway.rpc("tools/call", arguments, token=self.token("system:read network:read"))
        self.assertEqual(stepped_up.status, 200)

    def test_refuses_a_revoked_token(self):
        token = self.token()
        post(self.server.told["revocation_endpoint"], {"token": token}, "agent", self.server.told["clients"]["agent"])
        self.assertEqual(self.gateway.rpc("tools/list", token=token).status, 401)

    def test_refuses_a_token_in_the_query_and_two_authorizations(self):
        token = self.token()
        self.assertEqual(self.gateway.request("POST", f"/mcp?access_token={token}", token=None).status, 400)


class Tsidp(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.resource = f"http://127.0.0.1:{self.port}/mcp"
        self.server = NodeServer("fake-tsidp.mjs", json.dumps({"resources": [self.resource]})).__enter__()
        self.addCleanup(self.server.__exit__)
        self.gateway = gateway_for(self.server, self.port, "gateway").start()
        self.addCleanup(self.gateway.__exit__)

    def mint(self, **wish):
        return post_json(self.server.told["mint_endpoint"], wish)["access_token"]

    def test_advertises_no_scope_that_tsidp_would_refuse(self):
        refused = self.gateway.rpc("tools/list", token=None)
        self.assertNotIn("scope=", refused.headers["www-authenticate"])
        metadata = self.gateway.request("GET", "/.well-known/oauth-protected-resource/mcp", token=None).json
        self.assertNotIn("system:read", json.dumps(metadata))

    def test_gives_rights_by_who_it_is(self):
        alice, bob = self.mint(user="alice@example.com"), self.mint(user="bob@example.com")
        result = self.gateway.call("get_system_status", {"target": "local"}, token=alice)
        self.assertFalse(result.get("isError", False), text_of(result))
        # A refusal that no login can cure is no OAuth challenge.
        refused = self.gateway.rpc("tools/call", {"name": "get_system_status", "arguments": {"target": "local"}}, token=bob)
        self.assertEqual(refused.status, 200)
        self.assertTrue(refused.result["isError"])

    def test_names_who_acts_for_the_person_in_whoami_and_in_the_trail(self):
        token = self.mint(user="alice@example.com", act={"sub": "userid:1002", "client_id": "agent"})
        said = self.gateway.call("whoami", token=token)["structuredContent"]
        self.assertEqual((said["subject"], said["actors"]), ("1001", ["1002"]))
        self.gateway.call("get_system_status", {"target": "local"}, token=token)
        self.assertNotIn("actors", self.gateway.call("whoami", token=self.mint())["structuredContent"])

        def actors():
            told = self.gateway.command("audit", "query", "--state-dir", str(self.gateway.state_dir), "--tool", "get_system_status",
                                        check=True).stdout
            return [json.loads(line).get("actors") for line in told.splitlines() if line]

        until(actors, what="the records of the call")
        self.assertEqual(set(actors()), {"1002"})

    def test_keeps_out_who_acts_for_the_person_where_a_rule_says_so(self):
        self.gateway.stop()
        policy = self.gateway.directory / "policy.yaml"
        policy.write_text(policy.read_text() + """  - id: nobody-acts-for-another
    effect: deny
    principals: {actors: ["*"]}
    capabilities: ["system:read"]
    reason: not by delegation
""")
        self.gateway.start()
        own, exchanged = self.mint(user="alice@example.com"), self.mint(user="alice@example.com", act={"sub": "userid:1002"})
        asked = {"target": "local"}
        self.assertFalse(self.gateway.call("get_system_status", asked, token=own).get("isError", False))
        refused = self.gateway.call("get_system_status", asked, token=exchanged)
        self.assertIn("not by delegation", text_of(refused))

    def test_refuses_a_token_without_our_audience_and_an_ended_one(self):
        self.assertEqual(self.gateway.rpc("tools/list", token=self.mint(resources=[])).status, 401)
        self.assertEqual(self.gateway.rpc("tools/list", token=self.mint(ttl=-1)).status, 401)

    def test_says_503_while_the_server_is_down_and_recovers(self):
        self.server.end()
        answer = self.gateway.rpc("tools/list", token="a" * 64)
        self.assertEqual(answer.status, 503)
        self.assertIn("retry-after", answer.headers)


if __name__ == "__main__":
    unittest.main()
