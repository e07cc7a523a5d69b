// Plays requests through urql and prints what an application would get.
// stdin: {"endpoint", "headers", "requests": [{"kind", "query", "variables"}]}
import { cacheExchange, Client, fetchExchange } from '@urql/core'
import { text } from 'node:stream/consumers'

const { endpoint, headers, requests } = JSON.parse(await text(process.stdin))
const client = new Client({
  url: endpoint,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: { headers },
  preferGetMethod: false,
})
const results = []
for (const { kind, query, variables } of requests) {
  const { data, error } = await client[kind](query, variables ?? {}).toPromise()
  const errors = error?.graphQLErrors.map(({ message, extensions }) => ({ message, extensions }))
  results.push({ data: data ?? null, errors: errors ?? null, network: error?.networkError?.message ?? null })
}
process.stdout.write(JSON.stringify(results))
