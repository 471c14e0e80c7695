// Connects an official MCP client and tells what happens on its wire.
const about = { name: 'tailops-integration', version: '1.0.0' };
const modes = { 'v2-legacy': 'legacy', 'v2-auto': 'auto', 'v2-modern': { pin: '2026-07-28' } };

/** What a kind is made of: {Client, Transport, options of the client}. */
async function parts(kind) {
  if (kind === 'v1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    return { Client, Transport: StreamableHTTPClientTransport, options: {} };
  }
  if (!(kind in modes)) throw new Error(`no client is called ${kind}`);
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  return { Client, Transport: StreamableHTTPClientTransport,
           options: { versionNegotiation: { mode: modes[kind] } } };
}

/** Starts the server itself and speaks to its stdin and stdout. */
async function transportOver({ kind, command, args }) {
  const module = kind === 'v1' ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio';
  const { StdioClientTransport } = await import(module);
  return new StdioClientTransport({ command, args, stderr: 'inherit' });
}

/** A fetch that remembers each answer's method, status and the headers sent, and tells when a GET stream is open. */
function watchedFetch(wire) {
  wire.opened = new Promise((resolve) => { wire.open = resolve; });
  wire.exchanges ??= [];
  return async (url, init) => {
    const answer = await fetch(url, init);
    const method = init?.method ?? 'GET';
    wire.exchanges.push({ url: String(url), method, status: answer.status,
                          headers: Object.fromEntries(new Headers(init?.headers)) });
    if (method === 'GET' && answer.headers.get('content-type')?.startsWith('text/event-stream')) wire.open();
    return answer;
  };
}

/** The transport of a kind to `url`: by a bearer token, or by an OAuth provider. */
export async function transportTo({ kind, url, token, authProvider, wire = {} }) {
  const { Transport } = await parts(kind);
  const options = { fetch: watchedFetch(wire) };
  if (token) options.requestInit = { headers: { Authorization: `Bearer ${token}` } };
  if (authProvider) options.authProvider = authProvider;
  return new Transport(new URL(url), options);
}

/** Has `transport` offer another revision than the client's newest: clients of the legacy era always offer that. */
function offering(revision, transport) {
  const send = transport.send.bind(transport);
  transport.send = (message, ...rest) => send(message.method !== 'initialize' ? message
    : { ...message, params: { ...message.params, protocolVersion: revision } }, ...rest);
}

export async function connect(order, tell) {
  const { Client, options } = await parts(order.kind);
  const client = new Client(about, { ...options, capabilities: order.capabilities ?? {} });
  client.fallbackNotificationHandler = async (notification) => tell(notification);
  const wire = order.wire ?? {};
  const transport = order.transport
    ?? await (order.command ? transportOver(order) : transportTo({ ...order, wire }));
  if (order.revision) offering(order.revision, transport);
  await client.connect(transport);
  const version = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion ?? null;
  // Over HTTP a legacy client hears of changes on a stream that it opens by itself, in its own time.
  if (version < '2026' && !order.command) await wire.opened;
  return { client, transport, wire, version, kind: order.kind };
}
