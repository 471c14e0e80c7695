// Stands between an MCP client and a server that speaks over stdin and stdout, and writes down what passes:
//   node stdio_tap.mjs RECORD PROGRAM [ARGUMENT…]
// RECORD gets {"pid": of the program}; each line that passed follows, {"from": "client" | "server", "text": …},
// with "torn": true for a last one without an end. Bytes pass as they are, at once. Ends as the program ends, and has
// it ended by the signals it gets. lines.mjs checks the record.
import { spawn } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

const [path, program, ...words] = process.argv.slice(2);
const record = openSync(path, 'a');
const note = (entry) => writeSync(record, `${JSON.stringify(entry)}\n`);

const server = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
note({ pid: server.pid });

function taps(from) {
  let held = Buffer.alloc(0);
  return {
    feed(bytes) {
      held = Buffer.concat([held, bytes]);
      for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
        note({ from, text: held.toString('utf8', 0, end) });
        held = held.subarray(end + 1);
      }
    },
    finish() {
      if (held.length) note({ from, text: held.toString('utf8'), torn: true });
    },
  };
}

const asked = taps('client');
const answered = taps('server');
// Written down first: an answer must not be seen before its request.
process.stdin.on('data', (bytes) => asked.feed(bytes));
server.stdout.on('data', (bytes) => answered.feed(bytes));
process.stdin.pipe(server.stdin);
server.stdout.pipe(process.stdout);
server.stdin.on('error', () => {}); // it left before it had read all
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => server.kill(name));
server.on('close', (code, signal) => {
  asked.finish();
  answered.finish();
  process.exitCode = code ?? 128 + constants.signals[signal];
  process.stdin.destroy();
});
