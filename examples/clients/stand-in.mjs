// What a browser has and Node has not: a wallet, and an hour that passes. Leave it out of your app.
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage } from 'viem/siwe'

export const ENDPOINT = process.env.ENDPOINT ?? 'http://localhost:8080'
// Where the app is served: one of the service's SIWE_ORIGINS. In a browser: location.origin.
export const ORIGIN = process.env.ORIGIN ?? 'http://localhost:3000'
export const GRAPHQL = `${ENDPOINT}/v1/graphql`

const account = privateKeyToAccount(generatePrivateKey())

/** In a browser: window.ethereum. A wallet with a fresh key, which owns nothing. */
export const provider = {
  async request({ method, params }) {
    if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [account.address]
    if (method === 'eth_chainId') return '0x1'
    if (method === 'personal_sign') return account.signMessage({ message: { raw: params[0] } })
    throw Object.assign(new Error(`this wallet has no ${method}`), { code: 4200 })
  },
  on() {},
  removeListener() {},
}

/** Signs in without more ado, for examples of something else. Returns the address. */
export async function signIn(session) {
  const message = createSiweMessage({
    address: account.address, chainId: 1, domain: new URL(ORIGIN).host, uri: ORIGIN, version: '1', nonce: await session.nonce(),
  })
  await session.logIn({ message, signature: await account.signMessage({ message }) })
  return account.address
}

/** The access token's time passes: where it is two minutes at most, really; else the token is spoilt, which Hasura calls the same. */
export async function timePasses(session) {
  const { accessToken, refreshToken, staleAt } = session.tokens
  const left = JSON.parse(atob(accessToken.split('.')[1])).exp * 1000 - Date.now()
  if (left <= 120_000) await new Promise((resolve) => setTimeout(resolve, left + 1000))
  else session.adopt({ accessToken: `${accessToken}x`, refreshToken, staleAt })
}
