// Starts `tailops stdio` with an official MCP client and prints what it saw as one line of JSON:
//   node stdio.mjs v1 | v2-legacy | v2-auto | v2-modern  '{"command":…,"args":[…],"calls":[{"name":…,"arguments":{…}}]}'
const [kind, text] = process.argv.slice(2);
const { command, args, calls } = JSON.parse(text);
const about = { name: 'tailops-integration', version: '1.0.0' };

async function connect() {
  if (kind === 'v1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    const client = new Client(about);
    await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
    return client;
  }
  const { Client } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const mode = { 'v2-legacy': 'legacy', 'v2-auto': 'auto', 'v2-modern': { pin: '2026-07-28' } }[kind];
  const client = new Client(about, { versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
  return client;
}

const client = await connect();
const { tools } = await client.listTools();
const { prompts } = await client.listPrompts();
const me = await client.readResource({ uri: 'tailops://me' });
const results = [];
for (const call of calls) results.push(await client.callTool(call));
const version = client.getNegotiatedProtocolVersion?.() ?? client.transport?.protocolVersion ?? null;
const begun = Date.now();
await client.close();
const names = (all) => all.map((one) => one.name);
console.log(JSON.stringify({ version, tools: names(tools), prompts: names(prompts), me, results, closed_ms: Date.now() - begun }));
