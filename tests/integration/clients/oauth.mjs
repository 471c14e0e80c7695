// Logging in with the SDKs' own OAuth clients. A person would be sent to `authorizationUrl`; the test goes there
// instead and hands back the address that it was redirected to.
import { connect, transportTo } from './connecting.mjs';

/** An OAuthClientProvider of either SDK, in memory. `registered`: a client id that the server knows already. */
export class Person {
  redirectUrl = 'http://127.0.0.1/callback';
  clientMetadata = { client_name: 'tailops-integration', redirect_uris: [this.redirectUrl], application_type: 'native',
                     grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
                     token_endpoint_auth_method: 'none' };

  constructor({ registered }) {
    this.information = registered && { client_id: registered };
  }
  state() { return 'state-of-the-test'; }
  clientInformation() { return this.information; }
  saveClientInformation(information) { this.information = information; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  redirectToAuthorization(url) { this.authorizationUrl = url.href; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  invalidateCredentials(which) {
    if (which === 'tokens' || which === 'all') this.kept = undefined;
    if (which === 'client' || which === 'all') this.information = undefined;
  }
}

async function authOf(kind) {
  const module = kind === 'v1' ? '@modelcontextprotocol/sdk/client/auth.js' : '@modelcontextprotocol/client';
  return (await import(module)).auth;
}

/** Begins a login: as connecting does it on a 401, or for `scope` alone. */
export async function beginLogin(order) {
  const person = new Person(order);
  const wire = {};
  const transport = await transportTo({ ...order, authProvider: person, wire });
  if (order.scope) {
    await (await authOf(order.kind))(person, { serverUrl: order.url, scope: order.scope });
  } else {
    try {
      await connect({ ...order, authProvider: person, transport, wire }, () => {});
    } catch (error) {
      if (error.constructor.name !== 'UnauthorizedError') throw error;
    }
  }
  return { person, transport, wire };
}

/** The code, and for the second SDK all that came with it, goes to the token endpoint. */
export async function finishLogin({ kind, transport, callback }) {
  const params = new URL(callback).searchParams;
  await transport.finishAuth(kind === 'v1' ? params.get('code') : params);
}
