// viem signs, graphql-request asks. It shows the whole life of a session, and an error's code.
//
//   npm ci && node viem-graphql-request.mjs
import { ClientError, gql, GraphQLClient } from 'graphql-request'
import { createWalletClient, custom } from 'viem'
import { createSiweMessage } from 'viem/siwe'
import { Session } from './session.mjs'
import { GRAPHQL, timePasses } from './stand-in.mjs'

const session = new Session(GRAPHQL)
session.addEventListener('over', ({ detail }) => console.log('the session is over:', detail.reason))
// With this `fetch` every request carries the token, a stale one is replaced first, and a log-in goes without.
const client = new GraphQLClient(GRAPHQL, { fetch: session.fetch })
const wallet = createWalletClient({ transport: custom(window.ethereum) })

const RENAME = gql`
  mutation Rename($account: UpdateAccountInput!) {
    v1UpdateAccount(account: $account) { res success }
  }
`
const [address] = await wallet.requestAddresses()
const rename = async (name) => {
  const { v1UpdateAccount } = await client.request(RENAME, { account: { data: { networks: ['ethereum'], name, address } } })
  return `${name} on ${v1UpdateAccount.res.updatedIn}`
}

// Whoever sends no token is a guest, and a guest has no such mutation. Programs read the code; the message may change.
try {
  await rename('guest.eth')
} catch (error) {
  if (!(error instanceof ClientError)) throw error
  console.log('as guest:', error.response.errors[0].extensions.code)
}

// The nonce is good once, and the text is signed exactly as it is sent.
const sign = async ({ nonce, statement }) => {
  const { host: domain, origin: uri } = location
  const message = createSiweMessage({ address, chainId: await wallet.getChainId(), domain, uri, version: '1', nonce, statement })
  return { message, signature: await wallet.signMessage({ account: address, message }) }
}
const signIn = async () => sign({ nonce: await session.nonce(), statement: 'Sign in to the example.' })
await session.logIn(await signIn())
console.log('signed in as', address)
console.log('renamed:', await rename('viem.eth'))

// By hand this is rarely needed. At once it is one request: the second call waits for the first.
const spent = session.tokens
await Promise.all([session.restore(), session.restore()])
console.log('restored:', session.tokens.refreshToken !== spent.refreshToken)

// An hour later the next request notices, restores and is sent again.
await timePasses(session)
console.log('renamed:', await rename('later.eth'))

// Signing out ends the session on the server: its refresh token is worth nothing any more.
const left = session.tokens
await session.logOut()
session.adopt(left)
await session.restore().catch((error) => console.log('after the log-out:', error.code))

// A message is good for one purpose. For any other than signing in the service gives the nonce and the statement, which the wallet shows.
await session.logIn(await signIn())
const DELETE = gql`
  mutation Delete($proof: FreshProofInput!) {
    v1DeleteAccount(proof: $proof) { res success }
  }
`
await client
  .request(DELETE, { proof: await signIn() })
  .catch((error) => console.log('a message that signs in, as a proof:', error.response.errors[0].extensions.code))
const { v1DeleteAccount } = await client.request(DELETE, { proof: await sign(await session.nonceFor('delete-account')) })
console.log('the account is deleted, and so many sessions ended:', v1DeleteAccount.res.ended)
session.end('account_deleted')
