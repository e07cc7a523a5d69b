// What the server says about itself in /web.json.

export interface Settings {
  /** Where GraphQL answers: a path of this origin, or an address of another. */
  graphql: string
  /** Whether to offer a wallet whose key lives in this page: only where nothing is at stake. */
  testWallet: boolean
  registration: 'open' | 'admin' | 'closed'
  version: string
}

export async function load(): Promise<Settings> {
  const reply = await fetch('/web.json', { cache: 'no-store', credentials: 'omit' })
  if (!reply.ok) throw new Error(`/web.json answered ${reply.status}`)
  return (await reply.json()) as Settings
}
