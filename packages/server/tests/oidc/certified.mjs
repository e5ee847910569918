// oidc-provider of npm as a test's identity provider: node certified.mjs PORT CALLBACK CLAIMS_IN_ID_TOKEN
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , folder, port, callback, inIdToken] = process.argv;
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));
const groups = { grace: ['staff'], boss: ['staff', 'bosses'], nobody: [] };
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'steelyard',
    client_secret: 's3cret of/the+client',
    redirect_uris: [callback],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    post_logout_redirect_uris: [new URL('/sign-in', callback).href],
  }],
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: inIdToken !== 'yes',
  cookies: { keys: ['a key of the tests'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, groups: groups[id] ?? [] }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log(`listening ${issuer}`));
