"""The official MCP clients of clients/driver.mjs, in one node process: connect one, call its methods, see what it is
told."""
import itertools
import queue

from harness import ROOT, until
from line_process import LineProcess

NODE = ROOT / "tests/integration/node_modules/.bin/node"
DRIVER = ROOT / "tests/integration/clients/driver.mjs"
KINDS = ("v1", "v2-legacy", "v2-auto", "v2-modern")
ANSWER_SECONDS = 60


class Refused(Exception):
    """What a client threw: `name` of its class, `code` of JSON-RPC or HTTP, `message`, `data`."""

    def __init__(self, error):
        super().__init__(error.get("message"))
        self.name, self.code, self.data = error.get("name"), error.get("code"), error.get("data")
        self.message = error.get("message") or ""


class Pending:
    """An order that was given; `value()` waits for its answer."""

    def __init__(self, driver):
        self.driver, self.answers = driver, queue.Queue()

    def is_answered(self):
        return not self.answers.empty()

    def value(self):
        try:
            answer = self.answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise AssertionError(f"no answer within {ANSWER_SECONDS} s: {self.driver.logged()}") from None
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["value"]


class Driver:
    """The node process. Use as a context manager."""

    def __enter__(self):
        self.ids, self.pending, self.clients = itertools.count(1), {}, {}
        self.process = LineProcess([NODE, DRIVER], self.hear, self.gone, cwd=DRIVER.parent)
        return self

    def __exit__(self, *_):
        self.process.end()

    def hear(self, said):
        if "notification" in said:
            self.clients[said["client"]].notifications.append(said["notification"])
        else:
            self.pending.pop(said["id"]).answers.put(said)

    def gone(self):
        for waiting in list(self.pending.values()):
            waiting.answers.put({"error": {"message": f"the clients' process ended: {self.logged()}"}})

    def logged(self):
        return self.process.logged()

    def order(self, what, **more):
        number = next(self.ids)
        pending = self.pending[number] = Pending(self)
        self.process.say({"id": number, "do": what, **more})
        return pending

    def prepare(self, kind):
        """A client that is not connected yet."""
        client = Official(self, f"{kind}-{next(self.ids)}")
        self.clients[client.name] = client
        return client

    def connect(self, kind, gateway, token=None, **more):
        """A client of `kind` (v1, v2-legacy, v2-auto, v2-modern), connected with `token` or the gateway's own."""
        return self.connected(kind, url=gateway.url, token=token or gateway.token, **more)

    def start(self, kind, words, **more):
        """A client of `kind` that starts its server, the program and arguments of `words`, and speaks over a pipe."""
        return self.connected(kind, command=str(words[0]), args=[str(word) for word in words[1:]], **more)

    def connected(self, kind, **more):
        client = self.prepare(kind)
        client.version = client.order("connect", kind=kind, **more).value()["version"]
        return client


class Official:
    """One connected client."""

    def __init__(self, driver, name):
        self.driver, self.name, self.version, self.notifications = driver, name, None, []

    def order(self, what, **more):
        return self.driver.order(what, client=self.name, **more)

    def begin(self, method, *arguments):
        return self.order("call", method=method, arguments=arguments)

    def ask(self, method, *arguments):
        """What the client's method resolves to; raises Refused."""
        return self.begin(method, *arguments).value()

    def refusal(self, method, *arguments):
        """What the client's method throws."""
        try:
            answer = self.ask(method, *arguments)
        except Refused as refused:
            return refused
        raise AssertionError(f"{method} was answered: {answer}")

    def call(self, tool, **arguments):
        return self.ask("callTool", {"name": tool, "arguments": arguments})

    def is_modern(self):
        return self.version >= "2026"

    def wait_for(self, method, **params):
        """Waits until the client was told `method` with at least these params."""
        def told():
            return any(each["method"] == method and params.items() <= (each.get("params") or {}).items()
                       for each in list(self.notifications))
        until(told, what=f"{method} {params}")

    def close(self):
        """How many milliseconds it took."""
        return self.order("close").value()
