"""The program in the README does what it says, as it stands there."""
import os
import re
import subprocess
import unittest

from harness import ROOT, Gateway
from official import NODE

# Below the packages that it imports.
CLIENTS = ROOT / "tests/integration/clients"


class Readme(unittest.TestCase):
    def test_shows_a_program_that_works(self):
        program, = re.findall(r"```js\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        with Gateway(embedded=True) as gateway:
            program = program.replace("http://127.0.0.1:8080/mcp", gateway.url)
            done = subprocess.run([str(NODE), "--input-type=module", "-e", program], cwd=CLIENTS, text=True,
                                  env={**os.environ, "TAILOPS_TOKEN": gateway.token}, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^\d+ \{")
        self.assertIn("total:", done.stdout)


if __name__ == "__main__":
    unittest.main()
