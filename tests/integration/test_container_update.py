"""Containers that are made once more from the newest image: nothing of them is lost, and what fails is undone."""
import concurrent.futures
import http.client
import http.server
import json
import socket
import socketserver
import threading
import unittest

from harness import local_gateway, text_of, until
from machines import DockerEngine

# Ends at once when it is asked to.
STAYS = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"]
IMAGE_V1 = ["ENV VERSION=1", "ENV PATH=/bin", 'LABEL made="by v1"', "EXPOSE 80", 'CMD ["sleep", "9999"]']
IMAGE_V2 = ["ENV VERSION=2", "ENV PATH=/bin", 'LABEL made="by v2"', "EXPOSE 80", 'CMD ["sleep", "9998"]']
HEALTHY = ["--health-cmd", "true", "--health-interval", "100ms"]

# The options of containers, by their names; what follows "--" is the command.
OPTIONS = {
    "plain": [],
    "env": ["-e", "VERSION=mine", "-e", "MODE=fast mode", "-u", "1000:1000", "-w", "/bin"],
    "labels": ["-l", "team=shop", "-l", "com.docker.compose.project=shop", "-l", "com.docker.compose.service=front"],
    "caps": ["--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "--security-opt", "no-new-privileges"],
    "fixed": ["--network", "front", "--ip", "10.81.0.77", "--network-alias", "shop", "--network-alias", "shop2"],
    "health": ["--health-cmd", "true", "--health-interval", "200ms", "--health-retries", "5"],
    "entry": ["--entrypoint", "/bin/sh"],
    "device": ["--device", "/dev/null:/dev/mine:r"],
    "limits": ["-m", "64m", "--memory-reservation", "32m", "--cpu-shares", "512", "--pids-limit", "77"],
    "binds": ["-v", "@DIR@:/data:ro", "--tmpfs", "/scratch:size=1m", "-v", "@DIR@/secret:/run/secrets/key:ro"],
    "named": ["-v", "keep:/data"],
    "anonymous": ["-v", "/data"],
    "mount": ["--mount", "type=volume,source=keep2,target=/data,readonly"],
    "restart": ["--restart", "on-failure:3"],
    "always": ["--restart", "unless-stopped"],
    "ports": ["-p", "127.0.0.1:18080:80", "-p", "127.0.0.1:18081:81/udp"],
    "names": ["--hostname", "web.example", "--domainname", "example", "--add-host", "db:10.0.0.9", "--dns", "10.0.0.1"],
    "host": ["--network", "host"],
    "none": ["--network", "none", "--read-only", "--init"],
    "tuned": ["--ulimit", "nofile=77:99", "--shm-size", "8m", "--stop-signal", "SIGINT", "--stop-timeout", "3",
              "--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--log-opt", "max-size=1m"],
    "tty": ["-i", "-t", "--oom-score-adj", "500", "--ipc", "private"],
    "shared": ["--network", "container:peer"],
    "strange": ["--pid", "host", "--uts", "host", "--no-healthcheck", "-e", "EMPTY=", "--group-add", "44",
                "--device-cgroup-rule", "c 1:3 rwm", "--mount", "type=tmpfs,destination=/t,tmpfs-mode=1770"],
    "linked": ["--link", "peer:database"],
}
OWN_COMMANDS = {"entry": ["-c", STAYS[2]], "tuned": ["sh", "-c", STAYS[2].replace("TERM", "INT")]}


class FaultyProxy:
    """Stands between the gateway and a real engine, passes everything on, and has one call fail: `fault` is asked
    about each request that changes something, and says "refuse", "drop" (before it reaches the engine), "lose" (its
    answer, once the engine has done it) or nothing."""

    def __init__(self, engine, path):
        self.path, self.fault, self.seen = path, lambda _: None, []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = self.command + " " + self.path.split("?")[0].split("/", 2)[2] if self.command != "GET" else ""
                fault = proxy.fault(what) if what else None
                if what:
                    proxy.seen.append(what)
                if fault == "refuse":
                    return self.answer(500, [("Content-Type", "application/json")], b'{"message":"injected"}')
                if fault == "drop":
                    return self.hang_up()
                connection = http.client.HTTPConnection("engine")
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(str(engine))
                connection.request(self.command, self.path, body,
                                   {k: v for k, v in self.headers.items() if k.lower() != "connection"})
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if fault == "lose":
                    return self.hang_up()
                kept = [(k, v) for k, v in answer.getheaders()
                        if k.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server")]
                return self.answer(answer.status, kept, data)

            do_GET = do_POST = do_DELETE = do_HEAD = pass_on

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if status not in (204, 304):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def hang_up(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        self.server = Server(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ContainerUpdate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(DockerEngine())
        registry = cls.enterClassContext(cls.engine.registry())
        cls.image = f"{registry}/shop/app:stable"
        cls.old = cls.engine.image(cls.image, *IMAGE_V1)
        until(lambda: cls.engine.docker("push", cls.image, check=False).returncode == 0, what="the registry")
        cls.engine.docker("network", "create", "--subnet", "10.81.0.0/24", "front")
        cls.engine.docker("network", "create", "back")
        cls.engine.docker("run", "-d", "--name", "peer", "bb:1", *STAYS)
        cls.proxy = FaultyProxy(cls.engine.socket, cls.engine.directory / "proxy.sock")
        cls.addClassCleanup(cls.proxy.close)
        targets = f"""version: "1.0"
targets:
  dock:
    type: docker
    connection: {{socket_path: "{cls.proxy.path}"}}
    capabilities: ["container:admin"]
    constraints: {{concurrency: 8}}
    metadata: {{environment: lab}}
  hasty:
    type: docker
    connection: {{socket_path: "{cls.proxy.path}"}}
    capabilities: ["container:admin"]
    constraints: {{timeout: 2s}}
    metadata: {{environment: lab}}
"""
        policy = """version: 1
rules:
  - {id: all, effect: allow, tier: admin}
  - {id: dry, effect: dry_run_only, tier: admin, principals: {subjects: [dora]}}
"""
        cls.gateway = cls.enterClassContext(local_gateway(targets=targets, policy=policy))

    def setUp(self):
        self.proxy.fault = lambda _: None
        # The registry has the new image, the engine does not.
        self.new = self.engine.image(self.image, *IMAGE_V2)
        self.engine.docker("push", self.image)
        self.engine.docker("tag", self.old, self.image)
        self.engine.docker("rmi", self.new, check=False)

    # What is there

    def start(self, name, options, command=None):
        words = [word.replace("@DIR@", str(self.engine.directory / "files")) for word in options]
        self.engine.docker("run", "-d", "--name", name, *words, self.image, *(command or STAYS))
        self.addCleanup(self.engine.docker, "rm", "-f", "-v", name, check=False)

    def inspect(self, name):
        return json.loads(self.engine.docker("inspect", name).stdout)[0]

    def names(self):
        return sorted(self.engine.docker("ps", "-a", "--format", "{{.Names}}").stdout.split())

    def update(self, name, **more):
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": name}, **more)
        self.assertIn("structuredContent", result, text_of(result))
        return result["structuredContent"]

    @staticmethod
    def kept(container):
        """What an update has to keep, with what has to differ taken out."""
        short = container["Id"][:12]
        config, host = dict(container["Config"]), dict(container["HostConfig"])
        if config["Hostname"] == short:
            del config["Hostname"]
        config["Env"] = sorted(word for word in config["Env"] if word not in ("VERSION=1", "VERSION=2"))
        config["Labels"] = {name: value for name, value in config["Labels"].items() if name != "made"}
        config["Volumes"] = config.get("Volumes") or {}
        named = [bind for bind in host["Binds"] or [] if len(bind.split(":")[0]) != 64]
        host["Binds"] = sorted(named)
        networks = {}
        for name, network in container["NetworkSettings"]["Networks"].items():
            networks[name] = {
                "IPAMConfig": network["IPAMConfig"] or {}, "Links": network["Links"],
                "Aliases": sorted(alias for alias in network["Aliases"] or [] if alias != short)}
            if network["IPAMConfig"]:
                networks[name]["IPAddress"] = network["IPAddress"]
        mounts = sorted(({key: mount.get(key) for key in ("Type", "Name", "Source", "Destination", "RW", "Propagation")}
                         for mount in container["Mounts"]), key=str)
        return {"name": container["Name"], "config": config, "host": host, "networks": networks, "mounts": mounts,
                "ports": container["NetworkSettings"]["Ports"], "path": container["Path"], "args": container["Args"],
                "running": container["State"]["Running"], "platform": container["Platform"]}

    def test_everything_that_a_container_had_is_kept(self):
        files = self.engine.directory / "files"
        files.mkdir(exist_ok=True)
        (files / "secret").write_text("hunter2")
        for name, options in OPTIONS.items():
            self.start(name, options, OWN_COMMANDS.get(name))
        self.engine.docker("network", "connect", "--alias", "api", "back", "fixed")
        self.engine.docker("exec", "anonymous", "sh", "-c", "echo mine >/data/file")
        before = {name: self.inspect(name) for name in OPTIONS}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            told = dict(zip(OPTIONS, pool.map(self.update, OPTIONS), strict=True))
        for name in OPTIONS:
            with self.subTest(container=name):
                after = self.inspect(name)
                self.assertTrue(told[name].get("updated"), told[name])
                self.assertEqual(after["Image"], told[name]["new_image_id"])
                self.assertNotEqual(after["Image"], before[name]["Image"])
                self.assertNotEqual(after["Id"], before[name]["Id"])
                self.assertEqual(self.kept(after), self.kept(before[name]))
                self.assertEqual({step["state"] for step in told[name]["steps"]}, {"done"})
                expected = "VERSION=mine" if name == "env" else "VERSION=2"
                self.assertIn(expected, after["Config"]["Env"])
        self.assertEqual(self.names(), sorted([*OPTIONS, "peer"]), "the old ones are gone")
        self.assertEqual(self.engine.docker("exec", "anonymous", "cat", "/data/file").stdout, "mine\n")

    def test_one_that_was_stopped_stays_so_and_has_the_commands_of_its_new_image(self):
        self.engine.docker("create", "--name", "idle", self.image)
        self.addCleanup(self.engine.docker, "rm", "-f", "idle", check=False)
        told = self.update("idle")
        self.assertTrue(told["updated"], told)
        after = self.inspect("idle")
        self.assertEqual(after["State"]["Status"], "created")
        self.assertEqual(after["Config"]["Cmd"], ["sleep", "9998"])
        self.assertEqual(after["Config"]["Labels"], {"made": "by v2"})

    def test_what_is_of_the_newest_image_already_is_left_alone(self):
        self.start("newest", [])
        self.update("newest")
        before = self.inspect("newest")
        told = self.update("newest")
        self.assertEqual((told["updated"], told["success"]), (False, True))
        self.assertEqual(self.inspect("newest")["Id"], before["Id"])

    def test_what_its_owner_chose_is_told_from_what_the_old_image_gave(self):
        image = self.image.replace("stable", "wrapped")
        old = self.engine.image(image, *IMAGE_V1, 'ENTRYPOINT ["/bin/busybox", "env", "WRAP=1"]', "HEALTHCHECK CMD true")
        new = self.engine.image(image, *(line.replace("EXPOSE 80", "EXPOSE 81") for line in IMAGE_V2),
                                'ENTRYPOINT ["/bin/busybox", "env", "WRAP=2"]', "HEALTHCHECK CMD true #new")
        self.engine.docker("push", image)
        self.engine.docker("tag", old, image)
        self.engine.docker("rmi", new, check=False)
        for name, options in (("cleared", ["--entrypoint", ""]), ("published", ["-p", "127.0.0.1:18090:80"]),
                              ("checked", ["--health-interval", "200ms"]),
                              ("mounted", ["--mount", "type=volume,dst=/ma"])):
            self.addCleanup(self.engine.docker, "rm", "-f", "-v", name, check=False)
            self.engine.docker("run", "-d", "--name", name, "--health-interval", "300ms", *options, image, *STAYS)
        self.engine.docker("exec", "mounted", "sh", "-c", "echo mine >/ma/file")
        for name in ("cleared", "published", "checked", "mounted"):
            with self.subTest(container=name):
                before = self.inspect(name)
                self.engine.docker("tag", old, image)
                told = self.update(name)
                self.assertTrue(told.get("updated"), told)
                after = self.inspect(name)
                entrypoint = None if name == "cleared" else ["/bin/busybox", "env", "WRAP=2"]
                self.assertEqual(after["Config"]["Entrypoint"], entrypoint)
                self.assertEqual(after["Config"]["Cmd"], STAYS)
                self.assertEqual(after["Config"]["Healthcheck"]["Test"], ["CMD-SHELL", "true #new"])
                self.assertEqual(after["Config"]["Healthcheck"]["Interval"], before["Config"]["Healthcheck"]["Interval"])
                self.assertEqual(after["HostConfig"]["PortBindings"], before["HostConfig"]["PortBindings"])
        self.assertEqual(self.inspect("published")["NetworkSettings"]["Ports"]["80/tcp"],
                         [{"HostIp": "127.0.0.1", "HostPort": "18090"}])
        self.assertEqual(self.engine.docker("exec", "mounted", "cat", "/ma/file").stdout, "mine\n")

    def test_an_engine_that_starts_anew_does_not_start_the_old_one_beside_the_new_one(self):
        self.start("eager", [*HEALTHY, "--restart", "always"])
        short, policies = self.inspect("eager")["Id"][:12], []

        def fault(what):
            if what.endswith("/start"):
                policies.append(self.inspect(f"eager-before-{short}")["HostConfig"]["RestartPolicy"]["Name"])

        self.proxy.fault = fault
        self.assertTrue(self.update("eager")["updated"])
        self.assertEqual(policies, ["no"])
        self.assertEqual(self.inspect("eager")["HostConfig"]["RestartPolicy"]["Name"], "always")

    def test_a_rehearsal_changes_nothing_and_names_each_step(self):
        self.start("calm", HEALTHY)
        before, seen = self.inspect("calm"), len(self.proxy.seen)
        told = self.update("calm", token=self.gateway.mint("admin", subject="dora"))
        self.assertTrue(told["dry_run"])
        for words in ("pull the image", "rename the old container", "create the new container", "stop the old",
                      "start the new", "remove the old"):
            self.assertIn(words, told["would"])
        self.assertEqual(self.proxy.seen[seen:], [])
        self.assertEqual(self.inspect("calm")["Id"], before["Id"])

    def test_one_that_does_not_work_is_taken_back(self):
        for name, options, why in (("sick", ["--health-cmd", "[ $VERSION = 1 ]", "--health-interval", "100ms",
                                             "--health-retries", "2"], "unhealthy"),
                                   ("short", [], "ended with 3")):
            with self.subTest(container=name):
                command = ["sh", "-c", "[ $VERSION = 1 ] || exit 3; " + STAYS[2]]
                self.start(name, ["-v", "/data", *options], STAYS if name == "sick" else command)
                self.engine.docker("exec", name, "sh", "-c", "echo mine >/data/file")
                before, volumes = self.inspect(name), self.engine.docker("volume", "ls", "-q").stdout
                told = self.update(name)
                self.assertFalse(told["success"])
                self.assertIn(why, told["error"])
                after = self.inspect(name)
                self.assertEqual((after["Id"], after["State"]["Running"]), (before["Id"], True))
                self.assertEqual(self.names(), sorted(["peer", name]))
                self.assertEqual(self.engine.docker("exec", name, "cat", "/data/file").stdout, "mine\n")
                self.assertEqual(self.engine.docker("volume", "ls", "-q").stdout, volumes)
                self.engine.docker("rm", "-f", name)
                self.engine.docker("tag", self.old, self.image)

    def test_whatever_step_fails_the_old_one_is_back(self):
        self.start("frail", [*HEALTHY, "--network", "front", "--restart", "always"])
        self.engine.docker("network", "connect", "back", "frail")
        before = self.inspect("frail")
        steps = ["images/create", "rename", "containers/create", "networks/back/connect", "update", "stop", "start"]
        for kind in ("refuse", "drop", "lose"):
            for step in steps:
                with self.subTest(step=step, kind=kind):
                    is_due = [True]

                    def fault(what, step=step, kind=kind, is_due=is_due):
                        if not what.endswith(step) or not is_due[0]:
                            return None
                        is_due[0] = False
                        return kind

                    self.engine.docker("tag", self.old, self.image)
                    self.proxy.fault = fault
                    result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "frail"})
                    self.assertFalse(is_due[0], "the step was never taken")
                    self.assertTrue(result["isError"], result)
                    for one in result.get("structuredContent", {}).get("steps", []):
                        is_pull = one["step"].startswith("pull")
                        allowed = ("done", "unknown") if is_pull else ("undone", "failed")
                        self.assertIn(one["state"], allowed, result)
                    after = self.inspect("frail")
                    self.assertEqual((after["Id"], after["State"]["Running"]), (before["Id"], True), result)
                    self.assertEqual(self.kept(after), self.kept(before))
                    self.assertEqual(self.names(), ["frail", "peer"])

    def test_an_old_one_that_cannot_be_removed_is_told_of(self):
        self.start("clinging", HEALTHY)
        self.proxy.fault = lambda what: "refuse" if what.startswith("DELETE") else None
        told = self.update("clinging")
        self.proxy.fault = lambda _: None
        self.assertTrue(told["updated"])
        self.assertIn("the old container may still be there", told["warnings"][0])
        left = next(name for name in self.names() if name.startswith("clinging-before-"))
        for name, words in (("clinging", "was not finished"), (left, "left of")):
            result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": name})
            self.assertTrue(result["isError"], result)
            self.assertIn(words, text_of(result))
        self.engine.docker("rm", "-f", left)

    def test_one_that_takes_long_to_stop_runs_on_when_the_time_is_too_short(self):
        self.start("slow", ["--stop-timeout", "4"], ["sleep", "9999"])
        before = self.inspect("slow")
        result = self.gateway.call("update_docker_container", {"target": "hasty", "name_or_id": "slow"})
        self.assertFalse(result["structuredContent"]["success"], result)
        states = {step["step"]: step["state"] for step in result["structuredContent"]["steps"]}
        self.assertEqual(states["stop the old container"], "undone")
        self.assertEqual((self.inspect("slow")["Id"], self.names()), (before["Id"], ["peer", "slow"]))
        # The engine had begun to stop it, and would end it yet if it had not been waited for.
        started = self.inspect("slow")["State"]["StartedAt"]
        self.assertGreater(started, before["State"]["StartedAt"])
        self.assertTrue(self.inspect("slow")["State"]["Running"])

    def test_a_second_update_of_the_same_container_is_refused_meanwhile(self):
        self.start("twice", ["--stop-timeout", "3"], ["sleep", "9999"])
        whole = self.inspect("twice")["Id"]
        stopping = threading.Event()

        def fault(what):
            if what.endswith("/stop"):
                stopping.set()

        self.proxy.fault = fault
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(self.update, "twice")
            self.assertTrue(stopping.wait(60))
            for target in ("dock", "hasty"):  # which are the same engine
                for word in ("twice", whole, whole[:12]):
                    result = self.gateway.call("update_docker_container", {"target": target, "name_or_id": word})
                    self.assertTrue(result["isError"], result)
                    self.assertIn("another call works on", text_of(result))
            for word in ("twice", whole, whole[:12]):
                result = self.gateway.call("manage_container", {"target": "dock", "name_or_id": word, "action": "restart"})
                self.assertTrue(result["isError"], result)
                self.assertIn("another call works on", text_of(result))
            self.assertTrue(first.result()["updated"])
        self.assertEqual(self.names(), ["peer", "twice"])

    def test_one_that_somebody_else_renamed_meanwhile_is_left_alone(self):
        self.start("moving", HEALTHY)
        before = self.inspect("moving")

        def fault(what):
            if what == "POST images/create":
                self.engine.docker("rename", "moving", "moved")

        self.proxy.fault = fault
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "moving"})
        self.assertTrue(result["isError"], result)
        self.assertIn("meanwhile", text_of(result))
        self.assertEqual(self.inspect("moved")["Id"], before["Id"])
        self.engine.docker("rm", "-f", "moved")

    def test_what_refers_to_it_by_a_link_is_not_cut_off(self):
        self.start("base", HEALTHY)
        self.start("linking", ["--link", "base:db"])
        self.engine.docker("pull", self.image)
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "base",
                                                               "pull_latest": False})
        self.assertTrue(result["isError"], result)
        self.assertIn("(linking)", text_of(result))

    def test_one_that_lives_in_a_container_that_is_gone_is_not_stopped(self):
        self.engine.docker("run", "-d", "--name", "gone", "bb:1", *STAYS)
        self.start("orphan", ["--network", "container:gone"])
        self.engine.docker("rm", "-f", "gone")
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "orphan"})
        self.assertTrue(result["isError"], result)
        self.assertIn("which is gone", text_of(result))
        self.assertTrue(self.inspect("orphan")["State"]["Running"])

    def test_those_in_its_network_are_not_cut_off_unless_asked_for(self):
        self.start("vpn", HEALTHY)
        self.start("behind", ["--network", "container:vpn"])
        self.engine.docker("pull", self.image)
        before, seen = self.inspect("vpn"), len(self.proxy.seen)
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "vpn",
                                                               "pull_latest": False})
        self.assertTrue(result["isError"], result)
        self.assertIn("(behind)", text_of(result))
        self.assertEqual(self.proxy.seen[seen:], [])
        self.assertEqual(self.inspect("vpn")["Id"], before["Id"])
        result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": "vpn",
                                                               "cut_off_dependents": True})
        self.assertIn("behind", result["structuredContent"]["warnings"][0])

    def test_what_would_lose_something_is_refused_before_anything_is_done(self):
        self.engine.docker("run", "-d", "--rm", "--name", "fleeting", self.image, *STAYS)
        self.addCleanup(self.engine.docker, "rm", "-f", "fleeting", check=False)
        self.engine.docker("run", "-d", "--name", "pinned", self.old, *STAYS)
        self.addCleanup(self.engine.docker, "rm", "-f", "pinned", check=False)
        like_an_id = "0" * 63 + "a"
        self.start(like_an_id, [])
        for name, words in (("fleeting", "--rm"), ("pinned", "image id"), ("nobody", "no container"),
                            (like_an_id, "called like an id")):
            seen = len(self.proxy.seen)
            result = self.gateway.call("update_docker_container", {"target": "dock", "name_or_id": name})
            self.assertTrue(result["isError"], result)
            self.assertIn(words, text_of(result))
            self.assertEqual(self.proxy.seen[seen:], [])

    def records_of(self, name):
        """The call of the update of `name`, and the records of its steps by their request."""
        told = self.gateway.command("audit", "query", "--limit", "1000", "--state-dir", str(self.gateway.state_dir))
        records = [json.loads(line) for line in told.stdout.splitlines()]
        call = next(r["request"] for r in records if r.get("tool") == "update_docker_container" and
                    json.loads(r["parameters"]).get("name_or_id") == name)
        steps = {}
        for record in records:
            if record.get("request", "").startswith(call):
                steps.setdefault(record["request"].removeprefix(call), {})[record["phase"]] = record
        return steps

    def test_each_step_is_in_the_trail_before_and_after(self):
        self.start("told", HEALTHY)
        self.update("told")
        until(lambda: all("outcome" in step for step in self.records_of("told").values()), what="the last outcome")
        steps = self.records_of("told")
        self.assertEqual(sorted(steps), ["", "-1", "-2", "-3", "-4", "-5", "-6"])
        self.assertEqual({step["outcome"]["outcome"] for step in steps.values()}, {"ok"})
        self.assertEqual(steps[""]["outcome"]["detail"], "6 steps done")
        self.assertIn("/rename", steps["-2"]["intent"]["parameters"])

    def test_a_step_that_a_crash_left_open_is_unknown_to_the_next_start(self):
        self.start("crashed", HEALTHY)

        def fault(what):
            if what == "POST containers/create":
                self.gateway.process.kill()
                return "drop"
            return None

        self.proxy.fault = fault
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.update("crashed")
        self.gateway.process.wait()
        self.proxy.fault = lambda _: None
        self.gateway.start()
        steps = self.records_of("crashed")
        outcomes = {name: step["outcome"]["outcome"] for name, step in steps.items() if "outcome" in step}
        self.assertEqual(outcomes, {"": "unknown", "-1": "ok", "-2": "ok", "-3": "unknown"})
        left = next(name for name in self.names() if name.startswith("crashed-before-"))
        self.assertTrue(self.inspect(left)["State"]["Running"], "nothing is lost")
        self.engine.docker("rename", left, "crashed")
        self.assertTrue(self.update("crashed")["updated"])


if __name__ == "__main__":
    unittest.main()
