// Types from graphql-codegen: a field that is misspelt, or a variable that is forgotten, does not compile.
//
//   npm ci && npm run --silent codegen
import { ClientError, GraphQLClient } from 'graphql-request'
import { NamesDocument, NetworksDocument, RenameDocument } from './build/graphql.js'
import { Session } from '../session.mjs'
import { GRAPHQL, signIn, timePasses } from '../stand-in.mjs'

const session = new Session(GRAPHQL)
const client = new GraphQLClient(GRAPHQL, { fetch: session.fetch })

// A guest may read this. `networks` is Array<{ name: string, chain_id: number }>.
const { networks } = await client.request(NetworksDocument)
console.log('network 1:', networks.find(({ chain_id }) => chain_id === 1)?.name)

// What a role may not see is a fault of the request, which no type foretells.
const data = (address: string) => ({ networks: ['ethereum'], name: 'typed.eth', address })
try {
  await client.request(RenameDocument, { account: { data: data('') } })
} catch (error) {
  if (!(error instanceof ClientError)) throw error
  console.log('as guest:', error.response.errors?.[0]?.extensions?.code)
}

const address: string = await signIn(session)
const { v1UpdateAccount } = await client.request(RenameDocument, { account: { data: data(address) } })
// A nullable field is nullable here too: `v1UpdateAccount.success` alone does not compile.
console.log('renamed:', v1UpdateAccount?.success)

await timePasses(session)
const { accounts } = await client.request(NamesDocument, { address })
console.log('named:', accounts.map(({ network, name }) => `${name} on ${network}`).join(' '))

await session.logOut()
console.log('signed out:', session.tokens === null)

// @ts-expect-error: a variable is forgotten, so this alone would not compile.
export const forgotten = () => client.request(NamesDocument)
