// SPDX-License-Identifier: Apache-2.0
// An OpenID provider on loopback for t/oidc/login.t: node provider.mjs PORT REDIRECT_URI CLIENT_SECRET.
// Its login page accepts every name with any password; preferred_username is the name.
import { Provider } from 'oidc-provider';

const [port, redirectUri, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'shop', client_secret: secret, redirect_uris: [redirectUri], response_types: ['code'] }],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['only for this test'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
});
provider.listen(Number(port), '127.0.0.1');
