// Follows the connections of a proxy and remembers each message of the server; at the end it checks and counts them.
// Not before: compiling a schema takes long enough to delay what passes, and clients have deadlines.
import { EventReader } from './events.mjs';
import { Exchange, MODERN, key_of } from './exchange.mjs';
import { HttpTap } from './http_tap.mjs';
import { revisions } from './revision.mjs';
import { REVISIONS } from './schemas.mjs';
import { check_message, kind_of } from './validator.mjs';

const VIOLATIONS_MAX = 200;
const EXCERPT_CHARACTERS = 400;
const BATCHES = '2025-03-26'; // the only revision that has them
const PIPE = 'pipe'; // the one session of a client that speaks over a pipe

export class Recorder {
  #sessions = new Map(); // Mcp-Session-Id -> {revision, requests}
  #lines = []; // what a client sent over a pipe, newest first
  #path;
  #counts = {};
  #heard = []; // {exchange, message, revision: its name, request, may_lack_id}
  #valid = 0;
  #violations = [];
  #violated = 0;
  #apart = {}; // what is no message, and why that is right

  /// `path`: of the MCP endpoint; what passes elsewhere is not looked at.
  constructor(path) {
    this.#path = path;
  }

  /// A connection's two taps: feed() and finish() them.
  connection() {
    const waiting = []; // exchanges whose answer is not complete, oldest first
    let asking = null;
    const request = new HttpTap({
      head: ({ start, headers }) => {
        waiting.push((asking = new Exchange(start, headers)));
        return true;
      },
      data: (bytes) => asking.parts.push(bytes),
      end: () => asking.read(),
    });
    let reader = null;
    const response = new HttpTap({
      head: ({ start, headers }) => {
        const exchange = waiting[0] ?? new Exchange('? ' + this.#path, new Map());
        exchange.status = Number(start.split(' ')[1]);
        reader = this.#reader(exchange, headers);
        return exchange.method !== 'HEAD' && exchange.status !== 204 && exchange.status !== 304;
      },
      data: (bytes) => reader.data(bytes),
      end: () => {
        reader.end();
        waiting.shift();
      },
    });
    const finish = () => {
      request.finish();
      if (!response.finish()) this.#set_apart('answers cut off: the client left, or the server was stopped');
    };
    return { request, response, finish };
  }

  /// A server has been started; the lines from here on are those of its pipe.
  pipe() {
    this.#lines = [];
    this.#sessions.delete(PIPE);
  }

  /// A line that a client sent over a pipe.
  client_line(text) {
    if (text.trim() === '') return;
    const exchange = new Exchange('LINE', new Map([['mcp-session-id', PIPE]]));
    exchange.parts.push(Buffer.from(text));
    exchange.read();
    if (exchange.initialize) {
      exchange.opens = PIPE;
      this.#sessions.set(PIPE, { revision: this.#revision_of(exchange), requests: new Map() });
    }
    // What claims nothing is in the revision of what came before it.
    if (!exchange.claims_modern && !this.#sessions.has(PIPE) && this.#lines.length > 0) {
      exchange.negotiated = this.#revision_of(this.#lines[0]);
    }
    this.#lines.unshift(exchange);
  }

  /// A line that the server said to it. `torn`: it has no end.
  server_line(text, torn = false) {
    const exchange = this.#line_behind(text);
    if (torn) this.#violate(exchange, { message: 'a line without an end' }, text);
    else if (exchange.answers_nothing) this.#violate(exchange, { message: 'an error that answers no line' }, text);
    else this.#text(exchange, text);
  }

  /// The client's line that caused it, as far as that can be told.
  #line_behind(text) {
    const newest = this.#lines[0] ?? new Exchange('LINE', new Map());
    let said;
    try {
      said = JSON.parse(text);
    } catch {
      return newest;
    }
    const one = Array.isArray(said) ? said[0] : said;
    if (one === null || typeof one !== 'object') return newest;
    if (typeof one.method === 'string') return this.#lines.find((line) => line.opens) ?? newest;
    if ('id' in one) return this.#lines.find((line) => line.requests.has(key_of(one.id))) ?? newest;
    return this.#lines.find((line) => line.may_be_refused_unnamed) ?? Object.assign(new Exchange('LINE', new Map()),
      { answers_nothing: true });
  }

  #revision_of(exchange) {
    return exchange.negotiated ?? exchange.revision_name(this.#sessions);
  }

  /// What becomes of an answer's body: {data, end}.
  #reader(exchange, headers) {
    if (exchange.path !== this.#path) return { data() {}, end() {} };
    if (exchange.initialize && headers.has('mcp-session-id')) {
      exchange.opens = headers.get('mcp-session-id');
      this.#sessions.set(exchange.opens, { revision: this.#revision_of(exchange), requests: new Map() });
    }
    for (const [key, asked] of exchange.requests) this.#sessions.get(exchange.session)?.requests.set(key, asked);
    const type = (headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
    if (type === 'text/event-stream') return this.#events(exchange);
    const parts = [];
    return {
      data: (bytes) => parts.push(bytes),
      end: () => this.#body(exchange, type, Buffer.concat(parts).toString('utf8')),
    };
  }

  #events(exchange) {
    const reader = new EventReader(({ type, id, data }) => {
      const revision = this.#revision_of(exchange);
      if (type !== 'message') return this.#violate(exchange, { message: `an event of type ${type}` }, data);
      if (data !== '') return this.#text(exchange, data);
      // A place to resume at.
      if (id !== undefined && revision !== '2025-03-26' && revision !== '2025-06-18') return undefined;
      return this.#violate(exchange, { message: 'an event without data' }, '');
    });
    return {
      data: (bytes) => {
        try {
          reader.feed(bytes);
        } catch (error) {
          this.#violate(exchange, { message: `the event stream cannot be read: ${error.message}` }, '');
        }
      },
      end() {},
    };
  }

  #body(exchange, type, text) {
    if (text === '') return;
    if (type !== 'application/json') {
      this.#violate(exchange, { message: `a body of type "${type}"` }, text);
      return;
    }
    this.#text(exchange, text);
  }

  #text(exchange, text) {
    let parsed;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      this.#violate(exchange, { message: `not JSON: ${error.message}` }, text);
      return;
    }
    if (exchange.is_oauth_failure(parsed)) {
      this.#set_apart(`${exchange.status}: an error of authentication, in the shape of OAuth`);
      return;
    }
    const revision = this.#revision_of(exchange);
    if (Array.isArray(parsed) && revision !== BATCHES) {
      this.#violate(exchange, { message: `a batch in ${revision}` }, text);
      return;
    }
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) this.#message(exchange, message);
  }

  #message(exchange, message) {
    this.#negotiated(exchange, message);
    this.#heard.push({
      exchange,
      message,
      revision: this.#revision_of(exchange),
      request: this.#request_of(exchange, message),
      may_lack_id: exchange.may_lack_id,
    });
  }

  #check({ exchange, message, revision, request, may_lack_id }) {
    const context = { revision, request, may_lack_id };
    const kind = kind_of(context, message);
    const counts = (this.#counts[revision.name] ??= {});
    counts[kind] = (counts[kind] ?? 0) + 1;
    const problems = check_message(context, message);
    if (problems.length === 0) ++this.#valid;
    for (const problem of problems) {
      this.#violate(exchange, { revision: revision.name, kind, ...problem }, JSON.stringify(message));
    }
  }

  /// The result of initialize says which revision it is in, and its session from here on.
  #negotiated(exchange, message) {
    const version = message?.result?.protocolVersion;
    if (!exchange.initialize || message?.id !== exchange.initialize.id || version === undefined) return;
    if (!REVISIONS.includes(version) || version === MODERN) {
      this.#violate(exchange, { message: `initialize settles on ${JSON.stringify(version)}` }, JSON.stringify(message));
      return;
    }
    exchange.negotiated = version;
    if (exchange.opens) this.#sessions.get(exchange.opens).revision = version;
  }

  /// The request that a response answers: of the same POST; on a GET stream any of the session's.
  #request_of(exchange, message) {
    if (message === null || typeof message !== 'object' || 'method' in message || !('id' in message)) return undefined;
    const asked = exchange.method === 'GET' ? this.#sessions.get(exchange.session)?.requests : exchange.requests;
    return asked?.get(key_of(message.id));
  }

  #set_apart(why) {
    this.#apart[why] = (this.#apart[why] ?? 0) + 1;
  }

  #violate(exchange, problem, text) {
    ++this.#violated;
    if (this.#violations.length >= VIOLATIONS_MAX) return;
    const excerpt = text.slice(0, EXCERPT_CHARACTERS);
    this.#violations.push({ exchange: exchange.name, status: exchange.status, ...problem, text: excerpt });
  }

  /// {messages, valid, counts: {revision: {kind: number}}, violations: [...], violated: number, apart: {why: number}}.
  /// Throws when the schemas cannot be found.
  report() {
    const known = revisions();
    for (const one of this.#heard) this.#check({ ...one, revision: known.get(one.revision) });
    return {
      messages: this.#heard.length,
      valid: this.#valid,
      counts: this.#counts,
      violations: this.#violations,
      violated: this.#violated,
      apart: this.#apart,
    };
  }
}
