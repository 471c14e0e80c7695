// Tasks with the official extension, @modelcontextprotocol/ext-tasks. The client of the SDK does not let its
// messages through, so the extension asks its host for a way to send them: here the SDK's own transport.
import { createTaskSessionFromClient } from '@modelcontextprotocol/ext-tasks/client';

import { transportTo } from './connecting.mjs';

const protocolVersion = '2026-07-28';
const framing = { protocolVersion, clientInfo: { name: 'tailops-integration', version: '1.0.0' },
                  clientCapabilities: {} };
const tasks = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

/** Sends requests as they are and answers with what came back: {kind: 'result', result} | {kind: 'error', error}. */
async function rawDispatch(order) {
  const transport = await transportTo({ ...order, kind: 'v2-modern' });
  const waiting = new Map();
  let last = 0;
  transport.onmessage = (message) => {
    const resolve = waiting.get(message.id);
    waiting.delete(message.id);
    resolve?.('error' in message ? { kind: 'error', error: message.error }
                                 : { kind: 'result', result: message.result });
  };
  await transport.start();
  transport.setProtocolVersion(protocolVersion);
  return async (request, options = {}) => {
    const id = ++last;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    const headers = { ...options.context?.headers };
    const target = request.params?.arguments?.target;
    if (target) headers['Mcp-Param-Target'] = target;
    await transport.send({ jsonrpc: '2.0', id, ...request }, { headers, requestSignal: options.signal });
    return answer;
  };
}

export async function taskSession(client, order) {
  const dispatch = await rawDispatch(order);
  const session = createTaskSessionFromClient(client, { endpointId: order.url, rawDispatch: dispatch,
                                                        v2RequestFraming: framing });
  const meta = { 'io.modelcontextprotocol/protocolVersion': protocolVersion,
                 'io.modelcontextprotocol/clientInfo': framing.clientInfo,
                 'io.modelcontextprotocol/clientCapabilities': tasks };
  /** tasks/get and its kin about any id, also of a task that this session did not begin. */
  const ask = (method, params) => dispatch({ method, params: { ...params, _meta: meta } });
  return { session, ask };
}
