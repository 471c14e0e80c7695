// npm oidc-provider as an authorization server for tests: client_credentials with resource
// indicators (RFC 8707), opaque access tokens, introspection (RFC 7662) and revocation (RFC 7009).
//
//   node oidc.mjs '{"resource":"http://127.0.0.1:8080/mcp","scopes":["system:read"],"ttl":300}'
//
// Listens on a free port of 127.0.0.1, prints one line of JSON with its endpoints and clients, and
// ends when its standard input closes, so that no test can leave it behind.
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const options = { resource: 'http://127.0.0.1:8080/mcp', scopes: ['system:read', 'container:read'],
                  ttl: 300, ...JSON.parse(process.argv[2] ?? '{}') };

const clients = [
  { // who asks for tokens
    client_id: 'agent', client_secret: 'agent-secret-0123456789abcdef', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], scope: options.scopes.join(' '),
  },
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
  scopes: ['openid', ...options.scopes],
  ttl: { ClientCredentials: options.ttl },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
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
server.on('request', provider.callback());

console.log(JSON.stringify({
  issuer,
  introspection_endpoint: `${issuer}/token/introspection`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revocation`,
  resource: options.resource,
  scopes: options.scopes,
  clients: Object.fromEntries(clients.map((each) => [each.client_id, each.client_secret])),
}));

process.stdin.resume().on('end', () => process.exit(0));
