// One HTTP request at the MCP endpoint, or one line of a pipe, and its answer, reduced to what the check of a message needs.
import { REVISIONS } from './schemas.mjs';

export const MODERN = '2026-07-28';
const NEWEST_LEGACY = '2025-11-25';
const OLDEST = '2025-03-26'; // what a request without any claim is taken for (2025-06-18, basic/transports)
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

// Refused by the HTTP side (Host and Origin, method, time, size, content type, load, stopping) before anybody
// reads the body: such an error cannot name the request's id.
const REFUSED_UNREAD = new Set([403, 405, 408, 413, 415, 429, 431, 503]);
// Failures of authentication have the shape of OAuth (RFC 6749, 5.2; RFC 6750, 3.1): no JSON-RPC messages.
const OAUTH_FAILURES = new Set([400, 401, 429, 503]);

/// An id as a key: "1" and 1 are different ids.
export const key_of = (id) => JSON.stringify(id);
const is_id = (id) => typeof id === 'string' || Number.isInteger(id);

/// What the client sent: a list of its messages, or null when it is no JSON.
function messages_in(text) {
  try {
    const body = JSON.parse(text);
    const is_batch = Array.isArray(body);
    return { is_batch, messages: (is_batch ? body : [body]).filter((one) => one !== null && typeof one === 'object') };
  } catch {
    return { is_batch: false, messages: [] };
  }
}

export class Exchange {
  constructor(start, headers) {
    [this.method, this.target] = start.split(' ');
    this.headers = headers;
    this.parts = [];
    this.messages = [];
    this.is_batch = false;
    this.requests = new Map(); // key of the id -> {method, params}
    this.status = 0;
  }

  /// The request is complete: reads its body.
  read() {
    Object.assign(this, messages_in(Buffer.concat(this.parts).toString('utf8')));
    for (const message of this.messages) {
      if (is_id(message.id)) this.requests.set(key_of(message.id), { method: message.method, params: message.params });
    }
    this.parts = [];
  }

  get path() {
    return (this.target ?? '').split('?')[0];
  }

  get session() {
    return this.headers.get('mcp-session-id');
  }

  get initialize() {
    return this.messages.find((message) => message.method === 'initialize' && !message.params?._meta?.[VERSION_KEY]);
  }

  /// Its first message in a few words, for the report.
  get name() {
    const first = this.messages[0];
    return first ? `${this.method} ${first.method ?? 'a response'}` : this.method;
  }

  get claims_modern() {
    return this.messages.some((message) => typeof message.params?._meta?.[VERSION_KEY] === 'string');
  }

  /// Which revision its answers belong to; `sessions` holds the negotiated one of each session.
  revision_name(sessions) {
    // A body that claims a version is modern whatever it claims: only that era has such claims.
    if (this.claims_modern) return MODERN;
    if (this.initialize) {
      const wanted = this.initialize.params?.protocolVersion;
      return REVISIONS.includes(wanted) && wanted !== MODERN ? wanted : NEWEST_LEGACY;
    }
    if (sessions.has(this.session)) return sessions.get(this.session).revision;
    const told = this.headers.get('mcp-protocol-version');
    return REVISIONS.includes(told) ? told : OLDEST;
  }

  /// Whether an error may come without an id: there was none to be read, or nobody read.
  get may_lack_id() {
    if (REFUSED_UNREAD.has(this.status)) return true;
    const one = this.is_batch || this.messages.length !== 1 ? null : this.messages[0];
    return !(one && typeof one.method === 'string' && is_id(one.id));
  }

  /// On a pipe, where a notification is never answered: whether it is a line whose refusal can name no request.
  get may_be_refused_unnamed() {
    const is_notification = (one) => typeof one.method === 'string' && !('id' in one);
    return this.may_lack_id && (this.messages.length === 0 || !this.messages.every(is_notification));
  }

  is_oauth_failure(body) {
    return OAUTH_FAILURES.has(this.status) && typeof body?.error === 'string' && !('jsonrpc' in body);
  }
}
