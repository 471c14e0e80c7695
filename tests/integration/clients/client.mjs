// Drives the gateway with an official MCP client and prints what it saw as one line of JSON:
//   node client.mjs v1 | v2-legacy | v2-auto | v2-modern  '{"url":…,"token":…,"calls":[{"name":…,"arguments":{…}}]}'
const [kind, text] = process.argv.slice(2);
const { url, token, calls } = JSON.parse(text);

async function connect() {
  const headers = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  const about = { name: 'tailops-integration', version: '1.0.0' };
  if (kind === 'v1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const client = new Client(about);
    await client.connect(new StreamableHTTPClientTransport(new URL(url), headers));
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const mode = { 'v2-legacy': 'legacy', 'v2-auto': 'auto', 'v2-modern': { pin: '2026-07-28' } }[kind];
  const client = new Client(about, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), headers));
  return client;
}

const client = await connect();
const { tools } = await client.listTools();
const results = [];
for (const call of calls) results.push(await client.callTool(call));
const version = client.getNegotiatedProtocolVersion?.() ?? client.transport?.protocolVersion ?? null;
console.log(JSON.stringify({ version, tools: tools.map((tool) => tool.name), results }));
await client.close();
