// An app of another origin than Hasura's, in a real browser: whose origin is listed may sign in and call, and any other gets the
// browser's "Failed to fetch". Nothing is intercepted here, so the preflights are Chromium's own.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage, generateSiweNonce } from 'viem/siwe'
import { base, start, stop } from './support.mjs'

const { ALLOWED_ORIGIN, REFUSED_ORIGIN } = process.env
assert.ok(ALLOWED_ORIGIN && REFUSED_ORIGIN, 'run through tests/it/web.rs')
const LOG_IN = 'mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res } }'

after(stop)

/** A page of this origin, which asks GraphQL: the answer, or what the browser says in its place. */
async function app(origin) {
  const context = await (await start()).newContext()
  const page = await context.newPage()
  await page.goto(`${origin}/`)
  const ask = (query, variables = {}, headers = {}) =>
    page.evaluate(
      async ([url, body, headers]) => {
        try {
          return await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).json()
        } catch (error) {
          return String(error)
        }
      },
      [`${base}/v1/graphql`, JSON.stringify({ query, variables }), headers],
    )
  return { ask, close: () => context.close() }
}

async function signed(origin) {
  const account = privateKeyToAccount(generatePrivateKey())
  const { host } = new URL(origin)
  const message = createSiweMessage({ address: account.address, chainId: 1, version: '1', issuedAt: new Date(), domain: host, uri: origin, nonce: generateSiweNonce() })
  return { session: { message, signature: await account.signMessage({ message }) } }
}

test('a page of a listed origin signs in and calls with its token', async () => {
  const { ask, close } = await app(ALLOWED_ORIGIN)
  const { data } = await ask(LOG_IN, await signed(ALLOWED_ORIGIN))
  const { accessToken } = data.v1Login.res
  const answer = await ask('{ v1Sessions { res } }', {}, { authorization: `Bearer ${accessToken}` })
  assert.equal(answer.data.v1Sessions.res.sessions.length, 1)
  await close()
})

test('a page of any other origin gets "Failed to fetch", whatever it asks', async () => {
  const { ask, close } = await app(REFUSED_ORIGIN)
  assert.equal(await ask('{ networks { name } }'), 'TypeError: Failed to fetch')
  assert.equal(await ask(LOG_IN, await signed(REFUSED_ORIGIN)), 'TypeError: Failed to fetch')
  await close()
})
