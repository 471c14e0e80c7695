// A FAKE of tailscale/tsidp. The real one needs a tailnet and a coordination server, which no test
// machine has; this one reproduces what a client and a resource server can observe of it (its
// server/*.go, November 2026), so that the gateway meets tsidp's peculiarities in its tests:
//
//   - only the scopes openid, email and profile; any other is invalid_scope
//   - opaque access tokens of 64 hex digits, 5 minutes; refresh tokens, single use, 30 days
//   - aud = [client_id, resource...]; a resource needs the user's grant, else "invalid resource"
//   - introspection answers {"active":false} to whoever does not authenticate, whatever the token;
//     any authenticated client may ask about any token
//   - nbf = iat - 300; sub is a numeric user id as a string; username is the login name
//   - no revocation endpoint, no groups, no tags
//
// Not reproduced: WhoIs (the user is `login_hint`, else the first one), id_token, JWKS, STS.
// Callers from loopback count as authenticated at the real one's -local-port; here they do only with
// {"trust_loopback":true}, else every test would pass with wrong credentials.
// Test-only and unlike tsidp: POST /mint, POST /revoke-all, POST /behave (see below).
//
//   node fake-tsidp.mjs '{"resources":["http://127.0.0.1:8080/mcp"]}'
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const knownScopes = ['openid', 'email', 'profile'];
const accessSeconds = 300;
const refreshSeconds = 30 * 24 * 3600;
const now = () => Math.floor(Date.now() / 1000);
const hex = () => randomBytes(32).toString('hex');

export class FakeTsidp {
  constructor(options = {}) {
    this.users = options.users ?? [
      { id: '1001', login: 'alice@example.com', name: 'Alice' },
      { id: '1002', login: 'bob@example.com', name: 'Bob' },
    ];
    // What the tailnet grant tailscale.com/cap/tsidp lists under `resources`.
    this.resources = options.resources ?? [];
    this.clients = new Map(Object.entries(options.clients ?? {
      gateway: 'gateway-secret', assistant: 'assistant-secret',
    }));
    this.trustLoopback = options.trust_loopback ?? false;
    this.codes = new Map();
    this.access = new Map();
    this.refresh = new Map();
    // Test-only faults of /introspect: {status, delay_ms, body}.
    this.behaviour = {};
    this.introspections = 0;
  }

  async listen() {
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        this.#send(response, 500, { error: 'server_error', error_description: String(error) });
      });
    });
    await new Promise((listening) => this.server.listen(0, '127.0.0.1', listening));
    this.issuer = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  metadata() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      introspection_endpoint: `${this.issuer}/introspect`,
      userinfo_endpoint: `${this.issuer}/userinfo`,
      jwks_uri: `${this.issuer}/.well-known/jwks.json`,
      scopes_supported: knownScopes,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['plain', 'S256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    };
  }

  #send(response, status, body, headers = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(text);
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.issuer);
    let body = '';
    for await (const part of request) body += part;
    const form = new URLSearchParams(body);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/openid-configuration':
      case 'GET /.well-known/oauth-authorization-server':
        return this.#send(response, 200, this.metadata());
      case 'GET /authorize': return this.#authorize(url.searchParams, response);
      case 'POST /token': return this.#token(request, form, response);
      case 'POST /introspect': return this.#introspect(request, form, response);
      case 'GET /userinfo': return this.#userinfo(request, response);
      // Test-only from here on.
      case 'POST /mint': return this.#mint(JSON.parse(body || '{}'), response);
      case 'POST /revoke-all':
        this.access.clear();
        this.refresh.clear();
        return this.#send(response, 200, {});
      case 'POST /behave':
        this.behaviour = JSON.parse(body || '{}');
        return this.#send(response, 200, {});
      case 'GET /counts': return this.#send(response, 200, { introspections: this.introspections });
      default: return this.#send(response, 404, { error: 'not_found' });
    }
  }

  #clientOf(request, form) {
    const header = request.headers.authorization ?? '';
    let id = form.get('client_id');
    let secret = form.get('client_secret');
    if (header.startsWith('Basic ')) {
      const text = Buffer.from(header.slice(6), 'base64').toString();
      const colon = text.indexOf(':');
      id = decodeURIComponent(text.slice(0, colon));
      secret = decodeURIComponent(text.slice(colon + 1));
    }
    return id && this.clients.has(id) && this.clients.get(id) === secret ? id : undefined;
  }

  #authorize(query, response) {
    const redirect = query.get('redirect_uri');
    const client = query.get('client_id');
    if (!this.clients.has(client) || !redirect) {
      return this.#send(response, 400, { error: 'invalid_request' });
    }
    const back = new URL(redirect);
    if (query.get('state')) back.searchParams.set('state', query.get('state'));
    const refuse = (error, description) => {
      back.searchParams.set('error', error);
      if (description) back.searchParams.set('error_description', description);
      response.writeHead(302, { location: back.href }).end();
    };
    const scopes = (query.get('scope') || 'openid').split(' ').filter(Boolean);
    if (scopes.some((scope) => !knownScopes.includes(scope))) return refuse('invalid_scope');
    const resources = query.getAll('resource');
    if (resources.some((each) => !this.resources.includes(each))) {
      return refuse('invalid_request', 'invalid resource');
    }
    const user = this.users.find((each) => each.login === query.get('login_hint')) ?? this.users[0];
    const code = hex();
    this.codes.set(code, {
      client, redirect, scopes, resources, user, challenge: query.get('code_challenge'),
      method: query.get('code_challenge_method') ?? 'plain', until: now() + 300,
    });
    back.searchParams.set('code', code);
    response.writeHead(302, { location: back.href }).end();
  }

  #token(request, form, response) {
    const client = this.#clientOf(request, form);
    if (!client) return this.#send(response, 401, { error: 'invalid_client' });
    const asked = form.getAll('resource');
    if (asked.some((each) => !this.resources.includes(each))) {
      return this.#send(response, 400, { error: 'invalid_request', error_description: 'invalid resource' });
    }
    let grant;
    if (form.get('grant_type') === 'authorization_code') {
      grant = this.codes.get(form.get('code'));
      this.codes.delete(form.get('code'));
      if (!grant || grant.client !== client || grant.until < now() ||
          grant.redirect !== form.get('redirect_uri') || !this.#verifies(grant, form.get('code_verifier'))) {
        return this.#send(response, 400, { error: 'invalid_grant' });
      }
    } else if (form.get('grant_type') === 'refresh_token') {
      grant = this.refresh.get(form.get('refresh_token'));
      this.refresh.delete(form.get('refresh_token')); // single use
      if (!grant || grant.client !== client || grant.until < now()) {
        return this.#send(response, 400, { error: 'invalid_grant' });
      }
    } else {
      return this.#send(response, 400, { error: 'unsupported_grant_type' });
    }
    const resources = [...new Set([...grant.resources, ...asked])];
    const access = this.issue({ ...grant, resources });
    const refresh = hex();
    this.refresh.set(refresh, { ...grant, resources, until: now() + refreshSeconds });
    this.#send(response, 200, {
      access_token: access, token_type: 'Bearer', expires_in: accessSeconds, refresh_token: refresh,
      scope: grant.scopes.join(' '),
    });
  }

  #verifies(grant, verifier) {
    if (!grant.challenge) return true;
    if (grant.method === 'plain') return grant.challenge === verifier;
    return grant.challenge === createHash('sha256').update(verifier ?? '').digest('base64url');
  }

  issue({ client, user, scopes, resources, ttl = accessSeconds, act }) {
    const token = hex();
    const issued = now();
    this.access.set(token, { client, user, scopes, resources, issued, until: issued + ttl, act,
                             id: randomBytes(16).toString('hex') });
    return token;
  }

  async #introspect(request, form, response) {
    ++this.introspections;
    const { status, delay_ms: delay, body } = this.behaviour;
    if (delay) await new Promise((wake) => setTimeout(wake, delay).unref());
    if (status || body !== undefined) return this.#send(response, status ?? 200, body ?? {});
    const known = this.trustLoopback || this.#clientOf(request, form) !== undefined;
    const token = known ? this.access.get(form.get('token')) : undefined;
    if (!token || token.until <= now()) return this.#send(response, 200, { active: false });
    this.#send(response, 200, {
      active: true, client_id: token.client, exp: token.until, iat: token.issued,
      nbf: token.issued - 300, token_type: 'Bearer', iss: this.issuer, jti: token.id,
      sub: token.user.id, username: token.user.login, aud: [token.client, ...token.resources],
      scope: token.scopes.join(' '),
      ...(token.scopes.includes('email') ? { email: token.user.login } : {}),
      ...(token.scopes.includes('profile')
        ? { preferred_username: token.user.login.split('@')[0], picture: '' } : {}),
      ...(token.act ? { act: token.act } : {}),
    });
  }

  #userinfo(request, response) {
    const token = this.access.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!token || token.until <= now()) return this.#send(response, 401, { error: 'invalid_token' });
    this.#send(response, 200, { sub: token.user.id, username: token.user.login });
  }

  // {user, client, scopes, resources (no grant needed), ttl, act} -> {access_token}; with `count` as
  // many in access_tokens. Test-only.
  #mint(wish, response) {
    const user = this.users.find((each) => each.login === wish.user) ?? this.users[0];
    const issue = () => this.issue({
      client: wish.client ?? 'assistant', user, scopes: wish.scopes ?? ['openid', 'email', 'profile'],
      resources: wish.resources ?? this.resources, ttl: wish.ttl, act: wish.act,
    });
    if (wish.count) {
      return this.#send(response, 200, { access_tokens: Array.from({ length: wish.count }, issue) });
    }
    this.#send(response, 200, { access_token: issue(), token_type: 'Bearer' });
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const fake = await new FakeTsidp(JSON.parse(process.argv[2] ?? '{}')).listen();
  console.log(JSON.stringify({
    ...fake.metadata(), mint_endpoint: `${fake.issuer}/mint`, resources: fake.resources,
    clients: Object.fromEntries(fake.clients),
  }));
  process.stdin.resume().on('end', () => process.exit(0));
}
