// What a page has and Node has not: an origin, a wallet, and an hour that passes. Leave it out of your app.
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage } from 'viem/siwe'

export const GRAPHQL = `${process.env.ENDPOINT ?? 'http://localhost:8080'}/v1/graphql`

// One of the service's SIWE_ORIGINS.
globalThis.location = new URL(process.env.ORIGIN ?? 'http://localhost:3000')
globalThis.window = new EventTarget()

// A wallet with a fresh key, which owns nothing; found as wallets are, at window.ethereum and by EIP-6963.
const account = privateKeyToAccount(generatePrivateKey())
window.ethereum = {
  async request({ method, params }) {
    if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [account.address]
    if (method === 'eth_chainId') return '0x1'
    if (method === 'personal_sign') return account.signMessage({ message: { raw: params[0] } })
    throw Object.assign(new Error(`this wallet has no ${method}`), { code: 4200 })
  },
  on() {},
  removeListener() {},
}
const info = { uuid: crypto.randomUUID(), name: 'Stand-in', icon: 'data:,', rdns: 'example.stand-in' }
window.addEventListener('eip6963:requestProvider', () => {
  const detail = Object.freeze({ info, provider: window.ethereum })
  window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }))
})

/** Signs in without more ado, for examples of something else. Returns the address. */
export async function signIn(session) {
  const { address } = account
  const { host: domain, origin: uri } = location
  const message = createSiweMessage({ address, chainId: 1, domain, uri, version: '1', nonce: await session.nonce() })
  await session.logIn({ message, signature: await account.signMessage({ message }) })
  return address
}

/** Until the access token has ended, where that takes two minutes at most; else it is spoilt, which Hasura calls the same. */
export async function timePasses(session) {
  const { accessToken, refreshToken, staleAt } = session.tokens
  const left = JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url')).exp * 1000 - Date.now()
  if (left <= 120_000) await new Promise((resolve) => setTimeout(resolve, left + 1000))
  else session.adopt({ accessToken: `${accessToken}x`, refreshToken, staleAt })
}
