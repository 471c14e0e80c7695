// Official MCP clients under orders: reads one JSON object per line of standard input, answers each with a line
// {"id":…,"value":…} or {"id":…,"error":{…}}, and tells in between what the clients are notified of,
// {"client":…,"notification":{…}}. Ends when its standard input closes. test_*.py speak to it through official.py.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { connect } from './connecting.mjs';
import { beginLogin, finishLogin } from './oauth.mjs';

const clients = new Map();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const orders = {
  /** {client, kind, url, token | command, args, revision: to offer instead of the newest} -> {version} */
  async connect(order) {
    const tell = (notification) => say({ client: order.client, notification });
    const connected = await connect(order, tell);
    clients.set(order.client, { ...connected, order });
    return { version: connected.version };
  },

  /** {client, method, arguments: […]} -> what the client's method of that name resolves to */
  async call({ client, method, arguments: given }) {
    return clients.get(client).client[method](...given);
  },

  /** {client, filter} -> the part of it that the server will tell of */
  async listen({ client, filter }) {
    const at = clients.get(client);
    at.subscription = await at.client.listen(filter);
    return at.subscription.honoredFilter;
  },

  /** {client} -> how a listen stream that the server ends came to its end */
  async ended({ client }) {
    return clients.get(client).subscription.closed;
  },

  /** {client, kind, url, registered, scope} -> where the person is to log in */
  async login(order) {
    const begun = await beginLogin(order);
    clients.set(order.client, { ...begun, order });
    return { authorizationUrl: begun.person.authorizationUrl };
  },

  /** {client, callback} -> {version} of the client, connected with the token that it got */
  async finishLogin({ client, callback }) {
    const { person, transport, wire, order } = clients.get(client);
    await finishLogin({ kind: order.kind, transport, callback });
    const tell = (notification) => say({ client, notification });
    const connected = await connect({ ...order, authProvider: person, wire }, tell);
    clients.set(client, { ...connected, person, order });
    return { version: connected.version };
  },

  /** {client, callback}: a connected client has asked its person again, for more */
  async finishStepUp({ client, callback }) {
    const { transport, order } = clients.get(client);
    await finishLogin({ kind: order.kind, transport, callback });
    return null;
  },

  /** {client} -> {tokens, authorizationUrl, information} that the OAuth client has now */
  async person({ client }) {
    const { person } = clients.get(client);
    return { tokens: person.kept, authorizationUrl: person.authorizationUrl, information: person.information };
  },

  /** {client} -> each exchange so far: {url, method, status, headers sent} */
  async wire({ client }) {
    return clients.get(client).wire.exchanges;
  },

  /** {client, tool, arguments} -> {kind: "immediate" | "task", taskId} */
  async beginTask({ client, tool, arguments: given }) {
    const at = clients.get(client);
    const { taskSession } = await import('./tasks.mjs');
    at.tasks ??= await taskSession(at.client, at.order);
    at.execution = await at.tasks.session.callTool(tool, given);
    return { kind: at.execution.kind, taskId: at.execution.handle?.taskId };
  },

  async cancelTask({ client }) {
    await clients.get(client).execution.cancel();
    return null;
  },

  /** {client} -> {status, result} of the task, once it is over */
  async settleTask({ client }) {
    const { outcome } = await clients.get(client).execution.settle();
    return { status: outcome.status, result: outcome.result, error: outcome.error?.message };
  },

  /** {client, method: "tasks/get", params} -> {kind: "result", result} | {kind: "error", error} */
  async askTasks({ client, method, params }) {
    const at = clients.get(client);
    const { taskSession } = await import('./tasks.mjs');
    at.tasks ??= await taskSession(at.client, at.order);
    return at.tasks.ask(method, params);
  },

  /** {text} -> what the official implementation of TOON reads in it */
  async fromToon({ text }) {
    const { decode } = createRequire(new URL('../../support/toon/', import.meta.url))('@toon-format/toon');
    return decode(text);
  },

  /** {client} -> how many milliseconds it took */
  async close({ client }) {
    const begun = Date.now();
    await clients.get(client)?.client?.close();
    clients.delete(client);
    return Date.now() - begun;
  },
};

const told = (error) => ({ name: error.constructor.name, code: error.code, message: error.message, data: error.data });

createInterface({ input: process.stdin }).on('line', async (line) => {
  const order = JSON.parse(line);
  try {
    say({ id: order.id, value: (await orders[order.do](order)) ?? null });
  } catch (error) {
    say({ id: order.id, error: told(error) });
  }
}).on('close', () => process.exit(0));
