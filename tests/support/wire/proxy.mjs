// Stands before an MCP server on loopback and checks what it says:
//   node proxy.mjs http://127.0.0.1:PORT/mcp
// Prints {"url": …} once it listens. At SIGTERM it prints its report (recorder.mjs) as one line and ends.
//
// Bytes pass as they are, in both directions and at once; the recorder only reads along. So the Host, which names
// the proxy's port, the Origin, a broken request and a client that hangs up reach the server as they would without.
import { connect, createServer } from 'node:net';

import { Recorder } from './recorder.mjs';

const target = new URL(process.argv[2]);
const recorder = new Recorder(target.pathname);

function join(client) {
  const server = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true, noDelay: true });
  const { request, response, finish } = recorder.connection();
  let is_over = false;
  const over = () => {
    if (is_over) return;
    is_over = true;
    client.destroySoon(); // after what was said to it
    server.destroySoon();
    finish();
  };
  client.pipe(server); // each end() passes on as a half-closed connection
  server.pipe(client);
  // After the pipes, so that nobody waits for a check.
  client.on('data', (bytes) => request.feed(bytes));
  server.on('data', (bytes) => response.feed(bytes));
  for (const side of [client, server]) side.on('error', over).on('close', over);
}

const listener = createServer({ allowHalfOpen: true, noDelay: true }, join);
listener.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${listener.address().port}${target.pathname}` }));
});
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(recorder.report())}\n`, () => process.exit(0));
});
