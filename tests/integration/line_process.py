"""A program that is spoken to in lines of JSON over its stdin and stdout."""
import json
import subprocess
import tempfile
import threading

STOP_SECONDS = 20


class LineProcess:
    def __init__(self, words, hear, gone=lambda: None, **more):
        """`hear` gets each message that it says, `gone` is called once it says no more; both on another thread."""
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, **more)
        self.reader = threading.Thread(target=self.read, args=(hear, gone), daemon=True)
        self.reader.start()

    def read(self, hear, gone):
        for line in self.process.stdout:
            hear(json.loads(line))
        gone()

    def say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def logged(self):
        """What it wrote to stderr so far."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def end(self):
        """Closes its input; ends it when that is not enough."""
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_SECONDS)
        self.process.stdout.close()
        self.log.close()
