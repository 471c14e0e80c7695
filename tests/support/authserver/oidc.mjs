// npm oidc-provider as an authorization server for tests: client_credentials, the authorization code
// with PKCE, refresh tokens and dynamic registration, all with resource indicators (RFC 8707); opaque
// access tokens, introspection (RFC 7662) and revocation (RFC 7009). Its login page takes anybody.
// Test-only: POST /behave {ttl} changes for how many seconds the access tokens from then on are good.
//
//   node oidc.mjs '{"resource":"http://127.0.0.1:8080/mcp","scopes":["system:read"],"ttl":300}'
//
// Listens on a free port of 127.0.0.1, prints one line of JSON with its endpoints and clients, and
// ends when its standard input closes, so that no test can leave it behind.
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const options = { resource: 'http://127.0.0.1:8080/mcp', scopes: ['system:read', 'container:read'],
                  ttl: 300, ...JSON.parse(process.argv[2] ?? '{}') };

const native = { application_type: 'native', token_endpoint_auth_method: 'none', response_types: ['code'],
                 redirect_uris: ['http://127.0.0.1/callback'] };
const clients = [
  { // who asks for tokens
    client_id: 'agent', client_secret: 'agent-secret-0123456789abcdef', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], scope: options.scopes.join(' '),
  },
  // software of a person: it needs no secret, and may come back to any port (RFC 8252); the second
  // has nothing to refresh its tokens with
  { ...native, client_id: 'assistant', grant_types: ['authorization_code', 'refresh_token'] },
  { ...native, client_id: 'visitor', grant_types: ['authorization_code'] },
  { // the gateway, with HTTP Basic; the characters need RFC 6749's encoding
    client_id: 'gateway', client_secret: 'gateway secret+/:%', grant_types: [], redirect_uris: [],
    response_types: [],
  },
  { // the gateway, with client_id and client_secret in the form
    client_id: 'gateway-form', client_secret: 'gateway-form-secret', grant_types: [],
    redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post',
  },
];

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients,
  scopes: ['openid', 'offline_access', ...options.scopes],
  // Also to clients that do not ask for offline_access, as many servers do, TSIDP among them.
  issueRefreshToken: async (context, client) => client.grantTypeAllowed('refresh_token'),
  // A client whose stream and whose call find the token expired at once may refresh it twice.
  rotateRefreshToken: false,
  // Nothing here is kept, and the warnings about default keys would be all that is logged.
  cookies: { keys: ['a test has no secrets'] },
  ttl: { ClientCredentials: options.ttl },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (context, resource) => ({
        scope: options.scopes.join(' '), audience: resource, accessTokenFormat: 'opaque',
        accessTokenTTL: options.ttl,
      }),
      useGrantedResource: () => true,
    },
  },
});
const serve = provider.callback();
server.on('request', async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/behave') return serve(request, response);
  let body = '';
  for await (const chunk of request) body += chunk;
  Object.assign(options, JSON.parse(body));
  return response.end('{}');
});

console.log(JSON.stringify({
  issuer,
  introspection_endpoint: `${issuer}/token/introspection`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revocation`,
  behave_endpoint: `${issuer}/behave`,
  resource: options.resource,
  scopes: options.scopes,
  clients: Object.fromEntries(clients.map((each) => [each.client_id, each.client_secret])),
}));

process.stdin.resume().on('end', () => process.exit(0));
