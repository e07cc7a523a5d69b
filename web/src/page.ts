// What every part of the page is given.
import type { Session, Sessions } from './session.ts'
import type { Settings } from './settings.ts'
import type { Wallets } from './wallets.ts'
import { dataOf } from './graphql.ts'

export interface Network {
  name: string
  chain_id: number
}

export interface Page {
  settings: Settings
  sessions: Sessions
  wallets: Wallets
}

/** The networks that a guest sees: those that may be signed in with. */
export async function networks(page: Page): Promise<Network[]> {
  const query = '{ networks(order_by: {chain_id: asc}) { name chain_id } }'
  return dataOf<{ networks: Network[] }>(await page.sessions.guest({ query })).networks
}

/** A part that is drawn anew when somebody signs in or out, and told when the tokens were renewed. */
export interface Part {
  element: HTMLElement
  renewed?(session: Session): void
}
