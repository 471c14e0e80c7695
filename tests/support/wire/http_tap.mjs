// Reads HTTP/1.1 along as it passes by, one direction of one connection. It changes nothing and answers nothing.
import { Buffer } from 'node:buffer';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_LINE = Buffer.from('\r\n');

function parse_head(text) {
  const [start, ...lines] = text.split('\r\n');
  const headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { start, headers };
}

/// How long the body is that follows a head: {chunked}, {left: bytes} or {endless: until the connection ends}.
function length_of({ start, headers }, expects_body) {
  if (!expects_body) return { left: 0 };
  if (headers.get('transfer-encoding')?.toLowerCase().includes('chunked')) return { chunked: true };
  if (headers.has('content-length')) return { left: Number(headers.get('content-length')) };
  return start.startsWith('HTTP/') ? { endless: true } : { left: 0 };
}

export class HttpTap {
  #held = Buffer.alloc(0);
  #body = null; // null: a head is expected
  #on;

  /// `on`: head({start, headers}) -> whether a body may follow; data(bytes); end().
  constructor(on) {
    this.#on = on;
  }

  feed(bytes) {
    this.#held = this.#held.length ? Buffer.concat([this.#held, bytes]) : bytes;
    while (this.#step());
  }

  /// The connection ended. Whether it ended between two messages.
  finish() {
    if (!this.#body) return this.#held.length === 0;
    if (!this.#body.endless) return false;
    this.#end();
    return true;
  }

  #end() {
    this.#body = null;
    this.#on.end();
  }

  #take(count) {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /// One step onward; false when more bytes are needed.
  #step() {
    if (!this.#body) return this.#head();
    if (this.#body.chunked) return this.#chunk();
    if (this.#held.length === 0) return false;
    if (this.#body.endless) {
      this.#on.data(this.#take(this.#held.length));
      return false;
    }
    const part = this.#take(Math.min(this.#body.left, this.#held.length));
    this.#on.data(part);
    this.#body.left -= part.length;
    if (this.#body.left === 0) this.#end();
    return true;
  }

  #head() {
    const at = this.#held.indexOf(END_OF_HEAD);
    if (at < 0) return false;
    const head = parse_head(this.#take(at + END_OF_HEAD.length).subarray(0, at).toString('latin1'));
    if (/^HTTP\/1\.\d 1\d\d/.test(head.start)) return true; // 100 Continue: the answer is still to come
    this.#body = length_of(head, this.#on.head(head));
    if (this.#body.left === 0) this.#end();
    return true;
  }

  /// A chunk: its size on a line, its bytes, an empty line; size 0 is followed by trailers and an empty line.
  #chunk() {
    const line = this.#held.indexOf(END_OF_LINE);
    if (line < 0) return false;
    const size = Number.parseInt(this.#held.subarray(0, line).toString('latin1'), 16);
    if (size > 0) {
      const whole = line + 2 + size + 2;
      if (this.#held.length < whole) return false;
      this.#on.data(this.#take(whole).subarray(line + 2, line + 2 + size));
      return true;
    }
    const rest = this.#held.subarray(line);
    const at = rest.indexOf(END_OF_HEAD);
    if (at < 0) return false;
    this.#take(line + at + END_OF_HEAD.length);
    this.#end();
    return true;
  }
}
