// wagmi connects and signs, urql asks. React apps do the same with wagmi's and urql's hooks on the same `config` and `client`.
//
//   npm ci && node wagmi-urql.mjs
import { cacheExchange, Client, fetchExchange, gql } from '@urql/core'
import { connect, createConfig, disconnect, getConnection, http, signMessage, watchConnection } from '@wagmi/core'
import { mainnet } from '@wagmi/core/chains'
import { createSiweMessage } from 'viem/siwe'
import { Session } from './session.mjs'
import { GRAPHQL, timePasses } from './stand-in.mjs'

const config = createConfig({ chains: [mainnet], transports: { [mainnet.id]: http() } })
const session = new Session(GRAPHQL)
// No authExchange is needed: this `fetch` adds the token, replaces a stale one first, and leaves it out of a log-in.
const newClient = () =>
  new Client({ url: GRAPHQL, fetch: session.fetch, preferGetMethod: false, exchanges: [cacheExchange, fetchExchange] })
let client = newClient()
session.addEventListener('over', ({ detail }) => {
  console.log('the session is over:', detail.reason)
  client = newClient() // what the cache holds was another's to see
})

const RENAME = gql`
  mutation Rename($account: UpdateAccountInput!) {
    v1UpdateAccount(account: $account) { res success }
  }
`
// A refusal of Hasura, or that of a restore, which the client takes for a fault of the network.
const codeOf = ({ graphQLErrors: [first], networkError }) => first?.extensions.code ?? networkError.code
const rename = async (name) => {
  const { address } = getConnection(config)
  const account = { data: { networks: ['ethereum'], name, address } }
  const { data, error } = await client.mutation(RENAME, { account })
  return error ? codeOf(error) : `${name} on ${data.v1UpdateAccount.res.updatedIn}`
}

// The wallets of the browser, which wagmi finds by EIP-6963: let the user choose.
const [connector] = config.connectors
await connect(config, { connector })
const { address, chainId } = getConnection(config)
console.log('as guest:', await rename('guest.eth'))

const message = createSiweMessage({
  address,
  chainId,
  domain: location.host,
  uri: location.origin,
  version: '1',
  nonce: await session.nonce(),
  statement: 'Sign in to the example.',
})
await session.logIn({ message, signature: await signMessage(config, { message }) })
console.log('signed in as', address)
// Whoever changes the account in the wallet is another person: the session of the one before ends.
watchConnection(config, {
  onChange: (now) => now.address !== address && session.logOut().catch(console.error),
})
console.log('renamed:', await rename('wagmi.eth'))

await session.restore()
await timePasses(session)
// Three components ask at once with a token that is refused: one restore serves them all.
let restores = 0
session.addEventListener('change', () => restores++)
const NETWORKS = gql`query ($name: String!) { networks_by_pk(name: $name) { chain_id } }`
const found = await Promise.all(['ethereum', 'polygon', 'nowhere'].map((name) => client.query(NETWORKS, { name })))
console.log('networks:', found.map(({ data }) => data.networks_by_pk?.chain_id ?? 'none').join(' '), 'after restores:', restores)

// Disconnecting the wallet signs out.
const over = new Promise((resolve) => session.addEventListener('over', resolve))
await disconnect(config)
await over
console.log('as guest:', await rename('guest.eth'))
