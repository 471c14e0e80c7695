// Server-sent events as they come (WHATWG HTML, 9.2.6): each one as {type, id, data}.
export class EventReader {
  #decoder = new TextDecoder('utf-8', { fatal: true });
  #text = '';
  #event = {};
  #on_event;

  constructor(on_event) {
    this.#on_event = on_event;
  }

  /// Throws when the bytes are not UTF-8.
  feed(bytes) {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    const lines = this.#text.split(/\r\n|\n|\r(?=[^\n])/);
    this.#text = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === '') {
      const { type = 'message', id, data } = this.#event;
      this.#event = {};
      if (data !== undefined) this.#on_event({ type, id, data: data.join('\n') });
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') (this.#event.data ??= []).push(value);
    if (name === 'event') this.#event.type = value;
    if (name === 'id') this.#event.id = value;
  }
}
