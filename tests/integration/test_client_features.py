"""What the gateway offers besides tools, as the official TypeScript clients of both generations use it: prompts,
resources, completion, notices of changes, tasks, compact exposure, TOON."""
import http.server
import json
import os
import signal
import threading
import unittest

from harness import GATEWAY_TOKEN, LOCAL_TARGET, POLICY_ALL, local_gateway, text_of, until
from official import KINDS, Driver

MODERN, LEGACY = "2026-07-28", "2025-11-25"

COMMANDS = """commands:
  - name: count_up
    description: "Count from one up"
    command_template: seq {last}
    parameters: {last: {description: "The last number", type: integer}}
"""

POLICY = POLICY_ALL + """  - id: sealed
    effect: deny
    tools: [get_network_status]
    targets: {ids: [vault]}
    reason: nobody looks at its network
  - id: rehearse
    effect: dry_run_only
    targets: {ids: [rehearsed]}
"""

GATEWAY = GATEWAY_TOKEN + "commands: commands.yaml\n"

VAULT = """  vault:
    type: local
    capabilities: ["system:read", "network:read"]
  rehearsed:
    type: local
    capabilities: ["network:read"]
"""


class Nothing(http.server.BaseHTTPRequestHandler):
    """An HTTP API that answers 204 to whatever it is asked."""

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def api_target(name, port):
    return f"""  {name}:
    type: http
    connection: {{base_url: "http://127.0.0.1:{port}"}}
    capabilities: ["http:read"]
"""


class Stage:
    """One gateway, one node process with the clients, and an API whose state nobody has looked at; shared by all
    cases, because starting node is the slow part."""

    def __enter__(self):
        self.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        self.targets = LOCAL_TARGET + VAULT + "".join(api_target(f"api-{kind}", self.api.server_port) for kind in KINDS)
        self.gateway = local_gateway(gateway=GATEWAY, policy=POLICY, targets=self.targets)
        self.gateway.write("commands.yaml", COMMANDS)
        self.gateway.start()
        self.driver = Driver().__enter__()
        return self

    def __exit__(self, *_):
        self.driver.__exit__()
        self.gateway.__exit__()
        self.api.shutdown()
        self.api.server_close()

    def reload_with(self, *more_targets):
        self.gateway.write("targets.yaml", self.targets + "".join(more_targets))
        os.kill(self.gateway.pid, signal.SIGHUP)


class Features:
    """The cases, once for each kind of client below."""
    kind, version = None, None
    not_found = -32602  # of a resource; the second SDK turns the code of the legacy era into this one

    @classmethod
    def setUpClass(cls):
        cls.gateway, cls.driver = stage.gateway, stage.driver
        cls.client = cls.driver.connect(cls.kind, cls.gateway)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()

    def someone_else(self, *scopes):
        client = self.driver.connect(self.kind, self.gateway, self.gateway.mint(*scopes, subject="somebody"))
        self.addCleanup(client.close)
        return client

    def read(self, uri, client=None):
        contents, = (client or self.client).ask("readResource", {"uri": uri})["contents"]
        self.assertEqual((contents["uri"], contents["mimeType"]), (uri, "application/json"))
        return json.loads(contents["text"])

    def assert_no_such_resource(self, client, uri):
        refused = client.refusal("readResource", {"uri": uri})
        self.assertEqual(refused.code, self.not_found, refused.message)
        self.assertEqual(refused.data, {"uri": uri})

    def test_speaks_the_version_of_its_era(self):
        self.assertEqual(self.client.version, self.version)

    def test_lists_prompts_and_gets_one_with_arguments(self):
        prompts = {each["name"]: each for each in self.client.ask("listPrompts")["prompts"]}
        self.assertEqual(len(prompts), 9)
        wanted = {each["name"]: each.get("required", False) for each in prompts["troubleshoot_container"]["arguments"]}
        self.assertEqual(wanted, {"container_name": True, "target": False})
        prompt = self.client.ask("getPrompt", {"name": "health_check", "arguments": {"target": "local"}})
        text = prompt["messages"][0]["content"]["text"]
        self.assertIn("Check the health of local", text)
        self.assertIn("get_system_status", text)

    def test_refuses_a_prompt_that_lacks_an_argument_or_does_not_exist(self):
        for name in ("troubleshoot_container", "no_such_prompt"):
            self.assertEqual(self.client.refusal("getPrompt", {"name": name}).code, -32602, name)

    def test_prompts_name_only_what_their_reader_may_use(self):
        prompt = self.someone_else("system:read").ask("getPrompt", {"name": "health_check"})
        text = prompt["messages"][0]["content"]["text"]
        self.assertIn("get_system_status", text)
        self.assertNotIn("get_container_logs", text)

    def test_lists_resources_and_templates(self):
        uris = {each["uri"] for each in self.client.ask("listResources")["resources"]}
        self.assertLessEqual({"tailops://me", "tailops://targets", "tailops://tools", "tailops://audit",
                              "tailops://targets/local"}, uris)
        templates = {each["uriTemplate"] for each in self.client.ask("listResourceTemplates")["resourceTemplates"]}
        self.assertEqual(templates, {"tailops://commands/{command_name}", "tailops://runs/{id}",
                                     "tailops://runs/{id}/{stream}{?offset}", "tailops://targets/{id}",
                                     "tailops://targets/{id}/state"})

    def test_reads_who_it_is_and_a_targets_state(self):
        me = self.read("tailops://me")
        self.assertEqual(me["subject"], "tester")
        entries = [entry for entry in me["policy"]["targets"] if "rehearsed" in entry["ids"]]
        self.assertEqual(entries[0]["capabilities"][0]["tiers"][0]["rule"], "rehearse")
        self.assertEqual(self.read("tailops://me", self.someone_else("http:read"))["policy"]["targets"][0]["ids"],
                         sorted(f"api-{kind}" for kind in KINDS))
        self.client.call("test_target", target="local")
        self.assertEqual(self.read("tailops://targets/local/state")["status"], "reachable")

    def test_reads_the_output_of_a_call_of_its_own(self):
        result = self.client.call("execute_command", target="local", command_name="count_up",
                                  parameters={"last": 50000})["structuredContent"]
        self.assertTrue(result["truncated"])
        page = self.read(result["read_more"])
        self.assertTrue(page["text"].startswith("1\n2\n3\n"))
        self.assertEqual(page["total_lines"], 50000)
        text = page["text"]
        while "next" in page:
            page = self.read(page["next"])
            text += page["text"]
        self.assertEqual(text, "".join(f"{number}\n" for number in range(1, 50001)))
        self.assertEqual(self.read(f"tailops://runs/{result['run_id']}")["tool"], "execute_command")
        self.assert_no_such_resource(self.someone_else("admin"), result["read_more"])

    def test_refuses_resources_that_are_not_there(self):
        for uri in ("tailops://targets/nowhere", "tailops://nothing", "file:///etc/passwd",
                    "tailops://runs/a.b/stdout", f"tailops://runs/{'x' * 65}", "tailops://runs/x/stdout?offset=-1"):
            self.assert_no_such_resource(self.client, uri)

    def test_completes_arguments_of_prompts_and_templates(self):
        about_prompt = {"ref": {"type": "ref/prompt", "name": "health_check"},
                        "argument": {"name": "target", "value": "loc"}}
        self.assertEqual(self.client.ask("complete", about_prompt)["completion"]["values"], ["local"])
        about_template = {"ref": {"type": "ref/resource", "uri": "tailops://targets/{id}/state"},
                          "argument": {"name": "id", "value": "api-"}}
        self.assertEqual(self.client.ask("complete", about_template)["completion"]["values"],
                         sorted(f"api-{kind}" for kind in KINDS))
        nobodys = {"ref": {"type": "ref/prompt", "name": "no_such_prompt"}, "argument": about_prompt["argument"]}
        self.assertEqual(self.client.refusal("complete", nobodys).code, -32602)

    def test_completes_nothing_that_its_reader_may_not_see(self):
        seen = self.someone_else("http:read").ask("complete", {
            "ref": {"type": "ref/prompt", "name": "health_check"}, "argument": {"name": "target", "value": "loc"}})
        self.assertEqual(seen["completion"]["values"], [])

    def test_reads_a_long_list_as_toon(self):
        result = self.client.call("get_top_processes", target="local", format="toon")
        table = self.driver.order("fromToon", text=text_of(result)).value()
        self.assertEqual(table, result["structuredContent"])
        plain = self.client.call("get_top_processes", target="local")
        self.assertEqual(json.loads(text_of(plain)), plain["structuredContent"])

    def test_hears_of_a_reload(self):
        listener = self.someone_else("admin")
        if listener.is_modern():
            wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
            self.assertEqual(listener.order("listen", filter=wanted).value(), wanted)
        before = {each["uri"] for each in listener.ask("listResources")["resources"]}
        self.assertNotIn("tailops://targets/new", before)
        self.addCleanup(self.reload_without_it)
        stage.reload_with(api_target("new", stage.api.server_port))
        for kind in ("tools", "prompts", "resources"):
            listener.wait_for(f"notifications/{kind}/list_changed")
        # The notice also makes the client forget the list that it had kept.
        after = {each["uri"] for each in listener.ask("listResources")["resources"]}
        self.assertEqual(after - before, {"tailops://targets/new"})

    def reload_without_it(self):
        stage.reload_with()
        until(lambda: "tailops://targets/new" not in
              {each["uri"] for each in self.gateway.rpc("resources/list").result["resources"]}, what="the reload")

    def test_hears_of_a_target_that_it_follows(self):
        listener, target = self.someone_else("admin"), f"api-{self.kind}"
        uri = f"tailops://targets/{target}/state"
        if listener.is_modern():
            wanted = {"resourceSubscriptions": [uri]}
            self.assertEqual(listener.order("listen", filter=wanted).value(), wanted)
        else:
            listener.ask("subscribeResource", {"uri": uri})
        self.assertEqual(self.read(uri, listener)["status"], "unknown")
        self.client.call("test_target", target=target)
        listener.wait_for("notifications/resources/updated", uri=uri)
        fresh = self.driver.connect(self.kind, self.gateway)
        self.addCleanup(fresh.close)
        self.assertEqual(self.read(uri, fresh)["status"], "reachable")

    def test_hears_of_its_resources_when_the_gateway_reloads(self):
        listener, uris = self.someone_else("admin"), ["tailops://me", "tailops://targets/local"]
        if listener.is_modern():
            wanted = {"resourceSubscriptions": uris}
            self.assertEqual(listener.order("listen", filter=wanted).value(), wanted)
        else:
            for uri in uris:
                listener.ask("subscribeResource", {"uri": uri})
        stage.reload_with()
        for uri in uris:
            listener.wait_for("notifications/resources/updated", uri=uri)

    def test_cannot_follow_its_own_records(self):
        listener, uri = self.someone_else("admin"), "tailops://audit"
        if listener.is_modern():
            self.assertEqual(listener.order("listen", filter={"resourceSubscriptions": [uri]}).value(), {})
        else:
            self.assertEqual(listener.refusal("subscribeResource", {"uri": uri}).code, -32602)

    def test_cannot_follow_what_it_may_not_see(self):
        stranger, uri = self.someone_else("system:read"), "tailops://targets/api-v1/state"
        if stranger.is_modern():
            self.assertEqual(stranger.order("listen", filter={"resourceSubscriptions": [uri]}).value(), {})
        else:
            self.assertEqual(stranger.refusal("subscribeResource", {"uri": uri}).code, self.not_found)

    def test_takes_a_dry_run_for_the_result_that_it_is(self):
        # A client that has listed the tools holds results to their schemas.
        self.client.ask("listTools")
        result = self.client.call("get_network_status", target="rehearsed")
        self.assertFalse(result.get("isError", False), text_of(result))
        self.assertEqual(set(result["structuredContent"]), {"dry_run", "would"})

    def test_a_denial_names_its_rule(self):
        self.assertFalse(self.client.call("get_network_status", target="local").get("isError", False))
        denied = self.client.call("get_network_status", target="vault")
        self.assertTrue(denied["isError"])
        self.assertIn("sealed", text_of(denied))


class SdkV1(Features, unittest.TestCase):
    kind, version, not_found = "v1", LEGACY, -32002


class SdkV2Legacy(Features, unittest.TestCase):
    kind, version = "v2-legacy", LEGACY


class SdkV2Auto(Features, unittest.TestCase):
    kind, version = "v2-auto", MODERN


class SdkV2Modern(Features, unittest.TestCase):
    kind, version = "v2-modern", MODERN

    def test_hears_that_the_gateway_ends_its_stream(self):
        with local_gateway() as gateway:
            listener = self.driver.connect(self.kind, gateway)
            listener.order("listen", filter={"toolsListChanged": True}).value()
            ended = listener.order("ended")
            gateway.stop()
            self.assertEqual(ended.value(), "graceful")


stage = Stage()


def setUpModule():
    stage.__enter__()


def tearDownModule():
    stage.__exit__()


if __name__ == "__main__":
    unittest.main()
