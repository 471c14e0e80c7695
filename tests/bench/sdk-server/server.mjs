// The official TypeScript SDK's server (v2, 2026-07-28), as its documentation says to set it up on plain
// node: createMcpHandler behind toNodeHandler, a fresh McpServer per request. It checks neither tokens nor
// Host nor Origin, and its schemas are made once: whatever can be left out or reused is.
//
//   node server.mjs '[{"name":"whoami","inputSchema":{...}}, ...]'    the catalogue to serve
//
//   /echo   one tool that answers with its argument
//   /fifty  50 tools with schemas of zod
//   /same   the tools of the argument, their schemas translated to zod, as SDK servers write them
//   /raw    the tools of the argument, their schemas taken over as they are
//
// Listens on a free port of 127.0.0.1, prints one line of JSON and ends when its standard input closes.
import { createServer } from 'node:http';

import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const catalogue = JSON.parse(process.argv[2] ?? '[]');
const identity = { name: 'sdk-server', version: '1.0.0' };
const answer = (text) => ({ content: [{ type: 'text', text }] });

const echo = {
  description: 'Answers with its argument.',
  inputSchema: z.object({ text: z.string().max(200).describe('What to say') }),
};

const fifty = Array.from({ length: 50 }, (_, number) => ({
  name: `tool_${String(number).padStart(2, '0')}`,
  config: {
    title: `Tool ${number}`,
    description: `Looks at one aspect of a machine and tells what it finds there (number ${number}).`,
    inputSchema: z.object({
      target: z.string().max(128).describe('The id of the machine, as list_targets gives it'),
      lines: z.number().int().min(1).max(5000).optional().describe('How many lines to read'),
      order: z.enum(['cpu', 'memory', 'name']).optional().describe('What to sort by'),
    }),
    outputSchema: z.object({
      success: z.boolean(), output: z.string(), truncated: z.boolean(), elapsed_ms: z.number().int(),
    }),
    annotations: { readOnlyHint: true, idempotentHint: true },
  },
}));

const registered = (schemaOf) => catalogue.map(({ name, inputSchema, outputSchema, ...rest }) => ({
  name,
  config: {
    ...rest,
    inputSchema: schemaOf(inputSchema),
    ...(outputSchema ? { outputSchema: schemaOf(outputSchema) } : {}),
  },
}));
const same = registered((schema) => z.fromJSONSchema(schema));
const raw = registered((schema) => fromJsonSchema(schema));

const routes = {
  '/echo': () => {
    const server = new McpServer(identity);
    server.registerTool('echo', echo, async ({ text }) => answer(text));
    return server;
  },
  '/fifty': () => serverOf(fifty),
  '/same': () => serverOf(same),
  '/raw': () => serverOf(raw),
};

function serverOf(tools) {
  const server = new McpServer(identity);
  for (const { name, config } of tools) {
    server.registerTool(name, config, async () => ({ ...answer('{}'), structuredContent: {} }));
  }
  return server;
}

const handlers = Object.fromEntries(Object.entries(routes).map(([path, make]) => [
  path, toNodeHandler(createMcpHandler(make, { onerror: (error) => console.error(error) })),
]));

const server = createServer((request, response) => {
  const handler = handlers[request.url];
  if (handler) handler(request, response);
  else response.writeHead(404).end();
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({
    url: `http://127.0.0.1:${server.address().port}`, node: process.version, tools: fifty.length,
  }));
});
process.stdin.resume().on('end', () => process.exit(0));
