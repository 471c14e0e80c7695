// A FAKE of tailscale/tsidp. The real one needs a tailnet and a coordination server, and no package registry serves
// it; this one reproduces what a client and a resource server can observe of it, row by row as seen on the wire
// of the real one (server/*.go, November 2026):
//
//   - only the scopes openid, email and profile; any other is invalid_scope, by redirect with a description
//   - /authorize ignores `resource`; only the one sent to /token counts. Of several, those that the user's grant does
//     not list are dropped without a word; if none is left, /token answers 400 "invalid resource"
//   - aud = [client_id, resource...]; a token of the exchange has the audiences alone, no jti, and an act
//   - codes, access and refresh tokens and client ids have 32 hex digits, client secrets 64; an access token
//     lives 5 minutes, a refresh token 30 days from each use, and each is used once
//   - /register (RFC 7591) with the grant's allow_dcr, else 403; it always issues a secret, and /token always wants it
//   - /introspect answers a client (Basic or form), a caller on loopback, and ANY node of the tailnet, whatever its
//     credentials; only a stranger (over Funnel) with wrong ones gets {"active":false}
//   - nbf = iat - 300; sub is `2` in introspection and `userid:2` in id_token, userinfo and act
//   - errors are text, "Error 400: invalid_grant - code not found"; JSON only for Accept: application/json, and even
//     then with Content-Type text/plain
//   - a tagged machine gets a code from /authorize and 400 "tagged nodes not supported" from /token
//   - no revocation endpoint, no groups, no tags; a foreign Origin is 403 "cross-origin request detected"
//
// Not reproduced: WhoIs. The user is `login_hint`, else the first one; who calls is told by `caller`: "node" (the
// default: any machine of the tailnet) or "stranger". Nor the sweep that drops open codes every ten minutes.
// Test-only and unlike tsidp: POST /mint, POST /revoke-all, POST /behave, GET /counts (see below).
//
//   node fake-tsidp.mjs '{"resources":["http://127.0.0.1:8080/mcp"]}'
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const knownScopes = ['openid', 'email', 'profile'];
const accessSeconds = 300;
const refreshSeconds = 30 * 24 * 3600;
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const now = () => Math.floor(Date.now() / 1000);
const hex = (digits = 32) => randomBytes(digits / 2).toString('hex');
const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

class Refusal extends Error {
  constructor(status, code, description) {
    super(description);
    Object.assign(this, { status, code });
  }
}

export class FakeTsidp {
  constructor(options = {}) {
    this.users = options.users ?? [
      { id: '1001', login: 'alice@example.com' },
      { id: '1002', login: 'bob@example.com' },
      { id: '1003', login: 'tagged-devices', tagged: true },
    ];
    // The tailnet grants tailscale.com/cap/tsidp: [{users, resources, allow_dcr}], "*" stands for all of them.
    this.grants = options.grants ?? [{ users: ['*'], resources: options.resources ?? [], allow_dcr: true }];
    // {id: secret}, or {id: {secret, redirect_uris}} where a login is to come back.
    this.clients = new Map(Object.entries(options.clients ?? {
      gateway: 'gateway-secret', assistant: { secret: 'assistant-secret', redirect_uris: ['http://127.0.0.1/callback'] },
    }).map(([id, client]) => [id, typeof client === 'string' ? { secret: client, redirect_uris: [] } : client]));
    this.caller = options.caller ?? 'node';
    this.codes = new Map();
    this.access = new Map();
    this.refresh = new Map();
    this.key = generateKeyPairSync('rsa', { modulusLength: 2048 });
    // Test-only faults of /introspect: {status, delay_ms, body}.
    this.behaviour = {};
    this.introspections = 0;
  }

  async listen() {
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => this.#refuse(request, response, error));
    });
    await new Promise((listening) => this.server.listen(0, '127.0.0.1', listening));
    this.issuer = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  /** RFC 8414; the OpenID document has other members besides. */
  metadata() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      introspection_endpoint: `${this.issuer}/introspect`,
      registration_endpoint: `${this.issuer}/register`,
      jwks_uri: `${this.issuer}/.well-known/jwks.json`,
      response_types_supported: ['id_token', 'code'],
      grant_types_supported: ['authorization_code', 'refresh_token', exchangeGrant],
      scopes_supported: knownScopes,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      authorization_details_types_supported: ['resource_indicators'],
      resource_indicators_supported: true,
      code_challenge_methods_supported: ['plain', 'S256'],
    };
  }

  #openidMetadata() {
    const { authorization_details_types_supported: _types, resource_indicators_supported: _resources, ...shared } = this.metadata();
    return {
      ...shared,
      userinfo_endpoint: `${this.issuer}/userinfo`,
      subject_types_supported: ['public'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'username', 'email', 'key', 'addresses', 'nid', 'node',
                         'tailnet', 'tags', 'user', 'uid'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  #send(response, status, body, headers = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*', ...headers });
    response.end(text);
  }

  #refuse(request, response, error) {
    const { status = 500, code = 'server_error', message } = error;
    const json = (request.headers.accept ?? '').includes('application/json');
    this.#send(response, status, json ? { error: code, error_description: message } : `Error ${status}: ${code} - ${message}\n`,
               { 'content-type': 'text/plain; charset=utf-8' });
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.issuer);
    let body = '';
    for await (const part of request) body += part;
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST, OPTIONS',
                                'access-control-allow-headers': '*' });
      return response.end();
    }
    const origin = request.headers.origin;
    if (request.method === 'POST' && origin && origin !== this.issuer) {
      return this.#send(response, 403, 'cross-origin request detected\n', { 'content-type': 'text/plain; charset=utf-8' });
    }
    const form = new URLSearchParams(body);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/openid-configuration': return this.#send(response, 200, this.#openidMetadata());
      case 'GET /.well-known/oauth-authorization-server': return this.#send(response, 200, this.metadata());
      case 'GET /.well-known/jwks.json':
        return this.#send(response, 200, { keys: [{ ...this.key.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: '1' }] });
      case 'GET /authorize': return this.#authorize(url.searchParams, response);
      case 'POST /register': return this.#register(body, response);
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
      default: throw new Refusal(404, 'not_found', 'not found');
    }
  }

  /** The grants that speak of `user`. */
  #grantsOf(user) {
    return this.grants.filter(({ users = ['*'] }) => users.includes('*') || users.includes(user.login));
  }

  #clientOf(request, form) {
    const header = request.headers.authorization ?? '';
    let id = form.get('client_id');
    let secret = form.get('client_secret');
    if (header.startsWith('Basic ')) {
      // Not percent-decoded, unlike RFC 6749 section 2.3.1.
      const text = Buffer.from(header.slice(6), 'base64').toString();
      const colon = text.indexOf(':');
      id = text.slice(0, colon);
      secret = text.slice(colon + 1);
    }
    return id && this.clients.get(id)?.secret === secret ? id : undefined;
  }

  #register(body, response) {
    if (!this.grants.some(({ allow_dcr: allowed }) => allowed)) {
      throw new Refusal(403, 'access_denied', 'application capability not granted');
    }
    const asked = JSON.parse(body);
    if (!asked.redirect_uris?.length) throw new Refusal(400, 'invalid_client_metadata', 'redirect_uris is required');
    const id = hex();
    const secret = hex(64);
    this.clients.set(id, { secret, redirect_uris: asked.redirect_uris });
    this.#send(response, 201, {
      client_id: id, client_secret: secret, client_name: asked.client_name ?? '', redirect_uris: asked.redirect_uris,
      token_endpoint_auth_method: asked.token_endpoint_auth_method ?? 'client_secret_basic',
      grant_types: asked.grant_types ?? ['authorization_code'], response_types: asked.response_types ?? ['code'],
      client_id_issued_at: now(), client_secret_expires_at: 0,
    });
  }

  #authorize(query, response) {
    const client = this.clients.get(query.get('client_id'));
    const redirect = query.get('redirect_uri');
    if (!client) throw new Refusal(400, 'invalid_request', 'invalid client ID');
    if (!redirect || !client.redirect_uris.includes(redirect)) throw new Refusal(400, 'invalid_request', 'redirect_uri mismatch');
    const back = new URL(redirect);
    if (query.get('state')) back.searchParams.set('state', query.get('state'));
    const scopes = (query.get('scope') || 'openid').split(' ').filter(Boolean);
    const strange = scopes.find((scope) => !knownScopes.includes(scope));
    if (strange) {
      back.searchParams.set('error', 'invalid_scope');
      back.searchParams.set('error_description', `invalid scope: unsupported scope: "${strange}"`);
      return response.writeHead(302, { location: back.href }).end();
    }
    const user = this.users.find((each) => each.login === query.get('login_hint')) ?? this.users[0];
    const code = hex();
    this.codes.set(code, { client: query.get('client_id'), redirect, scopes, user, challenge: query.get('code_challenge'),
                           method: query.get('code_challenge_method') ?? 'plain', nonce: query.get('nonce') ?? undefined });
    back.searchParams.set('code', code);
    response.writeHead(302, { location: back.href }).end();
  }

  #token(request, form, response) {
    switch (form.get('grant_type')) {
      case 'authorization_code': return this.#redeemCode(request, form, response);
      case 'refresh_token': return this.#redeemRefresh(request, form, response);
      case exchangeGrant: return this.#exchange(request, form, response);
      default: throw new Refusal(400, 'unsupported_grant_type', 'unsupported grant type');
    }
  }

  #authenticated(request, form) {
    const client = this.#clientOf(request, form);
    if (!client) throw new Refusal(401, 'invalid_client', 'client authentication failed');
    return client;
  }

  #redeemCode(request, form, response) {
    const client = this.#authenticated(request, form);
    const grant = this.codes.get(form.get('code'));
    this.codes.delete(form.get('code'));
    if (!grant || grant.client !== client) throw new Refusal(400, 'invalid_grant', 'code not found');
    if (grant.redirect !== form.get('redirect_uri')) throw new Refusal(400, 'invalid_request', 'redirect_uri mismatch');
    if (!this.#verifies(grant, form.get('code_verifier') ?? '')) throw new Refusal(400, 'invalid_grant', 'invalid code verifier');
    this.#issueTo(grant, form, response);
  }

  #redeemRefresh(request, form, response) {
    const client = this.#authenticated(request, form);
    const grant = this.refresh.get(form.get('refresh_token'));
    if (!grant || grant.client !== client || grant.until < now()) throw new Refusal(400, 'invalid_grant', 'invalid refresh token');
    this.refresh.delete(form.get('refresh_token')); // single use
    this.#issueTo(grant, form, response);
  }

  #issueTo(grant, form, response) {
    if (grant.user.tagged) throw new Refusal(400, 'invalid_request', 'tagged nodes not supported');
    const resources = this.#granted(grant.user, form.getAll('resource'));
    const access = this.issue({ ...grant, resources });
    const refresh = hex();
    this.refresh.set(refresh, { ...grant, until: now() + refreshSeconds });
    this.#send(response, 200, { id_token: this.#idToken(grant), token_type: 'Bearer', access_token: access, refresh_token: refresh,
                                expires_in: accessSeconds });
  }

  /** What the user's grants list of the resources that were asked for. */
  #granted(user, asked) {
    if (!asked.length) return [];
    const listed = this.#grantsOf(user).flatMap(({ resources = [] }) => resources);
    const granted = asked.filter((each) => listed.includes('*') || listed.includes(each));
    if (!granted.length) throw new Refusal(400, 'invalid_request', 'invalid resource');
    return granted;
  }

  #verifies(grant, verifier) {
    if (!grant.challenge) return true;
    if (verifier.length < 43 || verifier.length > 128) return false;
    if (grant.method === 'plain') return grant.challenge === verifier;
    return grant.challenge === createHash('sha256').update(verifier).digest('base64url');
  }

  #idToken({ client, user, scopes, nonce }) {
    const issued = now();
    const claims = {
      aud: [client], exp: issued + accessSeconds, iat: issued, nbf: issued - 300, iss: this.issuer, jti: hex(), sub: `userid:${user.id}`,
      ...(nonce ? { nonce } : {}), ...this.#about(user, scopes),
    };
    const signed = `${base64url({ alg: 'RS256', kid: '1', typ: 'JWT' })}.${base64url(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.key.privateKey).toString('base64url')}`;
  }

  #about(user, scopes) {
    return {
      ...(scopes.includes('email') ? { email: user.login } : {}),
      ...(scopes.includes('profile')
        ? { preferred_username: user.login.split('@')[0], picture: `https://example.com/${user.id}.jpg` } : {}),
    };
  }

  /** RFC 8693: the client acts for the subject of the token; `act` names who it is itself. */
  #exchange(request, form, response) {
    const client = this.#authenticated(request, form);
    const subject = this.access.get(form.get('subject_token'));
    if (!subject || subject.until <= now()) throw new Refusal(400, 'invalid_grant', 'invalid subject token');
    const audiences = this.#granted(subject.user, [...form.getAll('audience'), ...form.getAll('resource')]);
    const actor = this.access.get(form.get('actor_token'));
    const act = { sub: `userid:${(actor ?? subject).user.id}`, client_id: client, ...(subject.act ? { act: subject.act } : {}) };
    const token = this.issue({ client, user: subject.user, scopes: subject.scopes, resources: audiences, act, exchanged: true });
    this.#send(response, 200, { access_token: token, issued_token_type: accessTokenType, token_type: 'Bearer',
                                expires_in: accessSeconds, scope: subject.scopes.join(' ') });
  }

  issue({ client, user, scopes, resources, ttl = accessSeconds, act, exchanged = false }) {
    const token = hex();
    const issued = now();
    this.access.set(token, { client, user, scopes, resources, issued, until: issued + ttl, act, exchanged, id: hex() });
    return token;
  }

  async #introspect(request, form, response) {
    ++this.introspections;
    const { status, delay_ms: delay, body } = this.behaviour;
    if (delay) await new Promise((wake) => setTimeout(wake, delay).unref());
    if (status || body !== undefined) return this.#send(response, status ?? 200, body ?? {});
    const known = this.caller === 'node' || this.#clientOf(request, form) !== undefined;
    const token = known ? this.access.get(form.get('token')) : undefined;
    if (!token || token.until <= now()) return this.#send(response, 200, { active: false });
    this.#send(response, 200, {
      ...(token.act ? { act: token.act } : {}),
      active: true, aud: token.exchanged ? token.resources : [token.client, ...token.resources], client_id: token.client,
      exp: token.until, iat: token.issued, iss: this.issuer, ...(token.exchanged ? {} : { jti: token.id }), nbf: token.issued - 300,
      ...this.#about(token.user, token.scopes), scope: token.scopes.join(' '), sub: token.user.id, token_type: 'Bearer',
      username: token.user.login,
    });
  }

  #userinfo(request, response) {
    const token = this.access.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!token || token.until <= now()) throw new Refusal(401, 'invalid_token', 'invalid token');
    const name = token.user.login.split('@')[0];
    this.#send(response, 200, { sub: `userid:${token.user.id}`, name, email: token.user.login,
                                picture: `https://example.com/${token.user.id}.jpg`, username: name });
  }

  // {user, client, scopes, resources (no grant needed), ttl, act, exchanged} -> {access_token}; with `count` as
  // many in access_tokens. Test-only.
  #mint(wish, response) {
    const user = this.users.find((each) => each.login === wish.user) ?? this.users[0];
    const issue = () => this.issue({
      client: wish.client ?? 'assistant', user, scopes: wish.scopes ?? knownScopes, act: wish.act, ttl: wish.ttl,
      resources: wish.resources ?? this.grants.flatMap(({ resources = [] }) => resources),
      exchanged: wish.exchanged ?? wish.act !== undefined,
    });
    if (wish.count) return this.#send(response, 200, { access_tokens: Array.from({ length: wish.count }, issue) });
    this.#send(response, 200, { access_token: issue(), token_type: 'Bearer' });
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const fake = await new FakeTsidp(JSON.parse(process.argv[2] ?? '{}')).listen();
  console.log(JSON.stringify({
    ...fake.metadata(), mint_endpoint: `${fake.issuer}/mint`, resources: fake.grants.flatMap(({ resources = [] }) => resources),
    clients: Object.fromEntries([...fake.clients].map(([id, client]) => [id, client.secret])),
  }));
  process.stdin.resume().on('end', () => process.exit(0));
}
