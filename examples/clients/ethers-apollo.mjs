// ethers v6 signs, Apollo Client asks, and two tabs share one session: both go on when its token ends under them.
//
//   npm ci && node ethers-apollo.mjs
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { BrowserProvider } from 'ethers'
import { Session } from './session.mjs'
import { GRAPHQL, timePasses } from './stand-in.mjs'
import { shareBetweenTabs } from './tabs.mjs'

// What each tab of the app does when it is opened.
function openTab(name) {
  const session = new Session(GRAPHQL)
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: GRAPHQL, fetch: session.fetch }) })
  session.addEventListener('over', ({ detail }) => {
    console.log(`${name}: over, ${detail.reason}`)
    client.clearStore() // what the cache holds was another's to see
  })
  return { session, client, leave: shareBetweenTabs(session) }
}

const LOG_IN = gql`
  mutation v1Login($session: LoginInput!) {
    v1Login(session: $session) { res success }
  }
`
const RENAME = gql`
  mutation Rename($account: UpdateAccountInput!) {
    v1UpdateAccount(account: $account) { res success }
  }
`
const signer = await new BrowserProvider(window.ethereum).getSigner()
const rename = async ({ client }, name) => {
  const account = { data: { networks: ['ethereum'], name, address: signer.address } }
  const { data } = await client.mutate({ mutation: RENAME, variables: { account } })
  return `${name} on ${data.v1UpdateAccount.res.updatedIn}`
}

const first = openTab('first tab')
try {
  await rename(first, 'guest.eth')
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error
  console.log('as guest:', error.errors[0].extensions.code)
}

// Here the log-in goes through Apollo. That a link of the app still adds the token of last week does no harm: `session.fetch`
// drops it, where Hasura would refuse the log-in for it.
const message = [
  `${location.host} wants you to sign in with your Ethereum account:`,
  signer.address,
  '',
  'Sign in to the example.',
  '',
  `URI: ${location.origin}`,
  'Version: 1',
  `Chain ID: ${(await signer.provider.getNetwork()).chainId}`,
  `Nonce: ${await first.session.nonce()}`,
  `Issued At: ${new Date().toISOString()}`,
].join('\n')
const signed = { message, signature: await signer.signMessage(message) }
const context = { headers: { Authorization: 'Bearer stale' } }
const { data } = await first.client.mutate({ mutation: LOG_IN, variables: { session: signed }, context })
first.session.adopt(data.v1Login.res)
console.log('signed in as', signer.address)

// A second tab joins the session, without a second signature.
const second = openTab('second tab')
await new Promise((resolve) => second.session.addEventListener('change', resolve, { once: true }))
console.log('second tab renamed:', await rename(second, 'ethers.eth'))

// The token ends, and both tabs notice at the same moment. Both send the same refresh token, which is good once; the service
// gives both the same next one.
const spent = first.session.tokens.refreshToken
await Promise.all([timePasses(first.session), timePasses(second.session)])
const renamed = await Promise.all([rename(first, 'one.eth'), rename(second, 'two.eth')])
console.log('both renamed:', renamed.join(', '))
const [one, two] = [first, second].map(({ session }) => session.tokens.refreshToken)
console.log('both restored, alike:', one !== spent && one === two)

// Whoever signs out in one tab is signed out in the other.
const over = new Promise((resolve) => second.session.addEventListener('over', resolve))
await first.session.logOut()
await over
for (const tab of [first, second]) tab.leave()
