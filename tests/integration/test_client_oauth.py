"""The official clients log in by themselves: against npm oidc-provider, with the OAuth clients of both SDKs."""
import json
import unittest
import urllib.parse

from harness import LOCAL_TARGET, Gateway, text_of, until
from machines import NodeServer, free_port
from official import Driver
from person import Person
from test_oauth import post, post_json

SCOPES = ["system:read", "network:read", "file:read"]

POLICY = """version: 1
rules:
  - {id: observe, effect: allow, tier: observe}
"""


def setUpModule():
    global server, gateway, driver
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    server = NodeServer("oidc.mjs", json.dumps({"resource": resource, "scopes": SCOPES})).__enter__()
    gateway = Gateway(files={"targets.yaml": LOCAL_TARGET, "policy.yaml": POLICY, "gateway.yaml": f"""version: 1
listen: ["127.0.0.1:{port}"]
state_dir: "@STATE@"
auth:
  mode: oidc
  oidc:
    issuer: "{server.told['issuer']}"
    client_id: gateway
    client_secret: env:CLIENT_SECRET
    remember_for: 1s
"""}, environment={"CLIENT_SECRET": server.told["clients"]["gateway"]}).start()
    driver = Driver().__enter__()


def tearDownModule():
    driver.__exit__()
    gateway.__exit__()
    server.__exit__()


def words(text):
    return set(text.split())


class Login:
    """What a client does when it is refused, once for each kind of client below."""
    kind, registered = None, "assistant"

    def logged_in(self, person="alice", **more):
        """A client that was sent to the login page and came back with a token."""
        client = driver.prepare(self.kind)
        self.addCleanup(client.close)
        self.asked = client.order("login", kind=self.kind, url=gateway.url, **more).value()["authorizationUrl"]
        callback = Person(person).consent(self.asked)
        client.version = client.order("finishLogin", callback=callback).value()["version"]
        return client

    def token(self, client):
        return client.order("person").value()["tokens"]["access_token"]

    def status_of(self, client):
        """Of the calls to the gateway itself, in their order."""
        return [each["status"] for each in client.order("wire").value() if each["url"] == gateway.url]

    def system_status(self, client):
        result = client.call("get_system_status", target="local")
        self.assertFalse(result.get("isError", False), text_of(result))

    def sent_to_login(self, client, call):
        """Where the client sends its person instead of an answer to `call`."""
        refused = client.refusal("callTool", call)
        self.assertEqual(refused.name, "UnauthorizedError", refused.message)
        where = client.order("person").value()["authorizationUrl"]
        self.assertNotEqual(where, self.asked)
        return where

    def test_finds_the_login_page_and_comes_back_with_a_token(self):
        client = self.logged_in()
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.asked).query))
        self.assertEqual(asked["resource"], gateway.url)
        self.assertEqual(asked["code_challenge_method"], "S256")
        self.assertLessEqual(set(SCOPES), words(asked["scope"]))
        self.system_status(client)
        contents, = client.ask("readResource", {"uri": "tailops://me"})["contents"]
        me = json.loads(contents["text"])
        self.assertEqual((me["subject"], me["issuer"]), ("alice", server.told["issuer"]))
        # How it got there: the refusal names the metadata, that names the server, and there it registers.
        paths = [urllib.parse.urlsplit(each["url"]).path for each in client.order("wire").value()]
        steps = ["/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server",
                 "/reg", "/token"]
        self.assertEqual([path for path in dict.fromkeys(paths) if path in steps], steps)
        self.assertEqual(self.status_of(client)[0], 401)

    def test_two_persons_are_two_subjects(self):
        client = self.logged_in("bob")
        contents, = client.ask("readResource", {"uri": "tailops://me"})["contents"]
        self.assertEqual(json.loads(contents["text"])["subject"], "bob")

    def test_steps_up_when_a_call_needs_more(self):
        client = self.logged_in(registered=self.registered, scope="system:read")
        self.system_status(client)
        # A tool that it can use for something, but not for this.
        call = {"name": "execute_command", "arguments": {"target": "local", "command_name": "dns_servers"}}
        asked_again = self.sent_to_login(client, call)
        self.assertEqual(self.status_of(client)[-1], 403)
        scope = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked_again).query))["scope"]
        self.assertIn("network:read", words(scope))
        client.order("finishStepUp", callback=Person().consent(asked_again)).value()
        result = client.ask("callTool", call)
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertEqual(words(client.order("person").value()["tokens"]["scope"]) - {"offline_access"},
                         {"system:read", "network:read"})

    def test_refreshes_a_token_that_has_expired(self):
        post_json(server.told["behave_endpoint"], {"ttl": 3})
        self.addCleanup(post_json, server.told["behave_endpoint"], {"ttl": 300})
        client = self.logged_in()
        old = self.token(client)
        post_json(server.told["behave_endpoint"], {"ttl": 300})
        refused = until(lambda: gateway.rpc("tools/list", token=old).status == 401, what="the end of the token")
        self.assertTrue(refused)
        self.system_status(client)
        self.assertNotEqual(self.token(client), old)
        self.assertIn(401, self.status_of(client)[1:])

    def test_a_revoked_token_is_refused_and_the_person_asked_again(self):
        client = self.logged_in()
        self.system_status(client)
        old, told = self.token(client), server.told
        information = client.order("person").value()["information"]
        # That server withdraws the refresh token with it.
        post(told["revocation_endpoint"], {"token": old, "client_id": information["client_id"]})
        until(lambda: gateway.rpc("tools/list", token=old).status == 401, what="the refusal of the revoked token")
        asked_again = self.sent_to_login(client, {"name": "get_system_status", "arguments": {"target": "local"}})
        client.order("finishStepUp", callback=Person().consent(asked_again)).value()
        self.system_status(client)
        self.assertNotEqual(self.token(client), old)


class SdkV1(Login, unittest.TestCase):
    # It asks for what the challenge says, and nothing else; and it does not ask while it can refresh.
    kind, registered = "v1", "visitor"


class SdkV2Legacy(Login, unittest.TestCase):
    kind = "v2-legacy"


class SdkV2Auto(Login, unittest.TestCase):
    kind = "v2-auto"


class SdkV2Modern(Login, unittest.TestCase):
    kind = "v2-modern"


if __name__ == "__main__":
    unittest.main()
