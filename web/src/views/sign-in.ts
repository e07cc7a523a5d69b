// Signed out: the wallets of this browser, and the ways in with a password.
import { card, fill, field, h, heading } from '../dom.ts'
import { dataOf } from '../graphql.ts'
import { button, onPress, Outcome, refused } from '../outcome.ts'
import type { Network, Page, Part } from '../page.ts'
import { networks } from '../page.ts'
import { Refusal } from '../refusals.ts'
import type { Ending, Tokens } from '../session.ts'
import { signIn } from '../siwe.ts'
import type { Issued } from '../siwe.ts'
import { isTest } from '../wallets.ts'
import type { Wallet } from '../wallets.ts'
import { passwords } from './passwords.ts'

export interface SignIn extends Part {
  /** There is one more wallet. */
  found(): void
}

export function signInPart(page: Page, ending: Ending | null): SignIn {
  const outcome = new Outcome()
  const list = h('ul', { class: 'wallets', 'aria-label': 'Wallets found in this browser' })
  const chains = h('select', { 'data-does': 'choose-network' })
  // Whoever presses a wallet before the networks are there waits for them.
  let offered = offer(page, chains)
  offered.catch((error: unknown) => outcome.refuse(error))
  const ready = async () => {
    if (chains.options.length === 0) await offered.catch(() => (offered = offer(page, chains)))
  }
  const redraw = () => fill(list, ...rows(page, outcome, chains, ready))
  redraw()
  const again = button('look-again', 'Look for wallets again', { kind: 'quiet' })
  onPress(again, outcome, async () => {
    page.wallets.look()
    if (chains.options.length === 0) await (offered = offer(page, chains))
    if (page.wallets.list().length === 0) throw new Refusal('wallet-none', '')
    const count = page.wallets.list().length
    outcome.good(count === 1 ? 'One wallet found.' : `${count} wallets found.`)
  })
  const wallet = card(
    'wallet',
    heading('Sign in with your wallet', 'v1Login'),
    h('p', { class: 'lead' }, 'Your wallet signs a short text that names this site. It costs nothing and moves nothing.'),
    field('Network', chains),
    list,
    outcome.element,
    again,
  )
  const element = h('div', { class: 'columns' }, h('div', { class: 'stack' }, farewell(ending), wallet), h('div', { class: 'stack' }, passwords(page), story()))
  return { element, found: redraw }
}

/** What happens when somebody presses a wallet, for those who are about to build the same. */
function story(): HTMLElement {
  const steps: [string, string][] = [
    ['The page asks for a nonce', 'and writes it into a message that names this site and your address.'],
    ['Your wallet shows the message', 'and signs it, if you agree. No transaction is made.'],
    ['The service checks the signature', 'and answers with an access token, which Hasura reads, and a refresh token for the next one.'],
    ['Hasura enforces your role', 'on every query. The console shows what each role may see.'],
  ]
  const list = h('ol', { class: 'steps' }, ...steps.map(([what, more]) => h('li', {}, h('strong', {}, what), ' ', more)))
  return card('story', heading('What happens then'), list)
}

const FAREWELLS = {
  you: 'You are signed out. Both tokens are forgotten.',
  'another tab': 'You signed out in another tab.',
  deletion: 'The account is deleted. Nothing of it is left here.',
}

function farewell(ending: Ending | null): HTMLElement | null {
  if (!ending) return null
  const box = h('div', { class: 'outcome farewell', role: 'status' })
  if (ending.by === 'refusal') fill(box, refused(ending.refusal))
  else {
    fill(box, h('div', { class: 'said good' }, h('p', {}, FAREWELLS[ending.by])))
  }
  return box
}

async function offer(page: Page, chains: HTMLSelectElement): Promise<void> {
  const open = await networks(page)
  fill(chains, ...open.map((network: Network) => h('option', { value: network.chain_id }, `${network.name} · chain ${network.chain_id}`)))
}

function rows(page: Page, outcome: Outcome, chains: HTMLSelectElement, ready: () => Promise<void>): HTMLElement[] {
  const found = page.wallets.list()
  if (found.length === 0) return [h('li', { class: 'none' }, refused(new Refusal('wallet-none', '')))]
  return found.map((wallet) => {
    const picture = wallet.icon
      ? h('img', { src: wallet.icon, alt: '', width: 36, height: 36 })
      : h('span', { class: 'letter', 'aria-hidden': 'true' }, wallet.name.slice(0, 1).toUpperCase())
    const about = isTest(wallet) ? 'A fresh key in this page’s memory, for trying out' : wallet.maker
    const row = button(
      isTest(wallet) ? 'test-wallet' : wallet.id === 'injected' ? 'injected-wallet' : 'wallet',
      h('span', { class: 'wallet-row' }, picture, h('span', { class: 'names' }, h('strong', {}, wallet.name), h('small', {}, about)), h('span', { class: 'go', 'aria-hidden': 'true' }, '→')),
      { label: `Sign in with ${wallet.name}` },
    )
    onPress(row, outcome, async () => {
      outcome.working(`Waiting for ${wallet.name}. It may have opened a window.`)
      await ready()
      await logIn(page, wallet, Number(chains.value), outcome)
    })
    return h('li', {}, row)
  })
}

async function logIn(page: Page, wallet: Wallet, chainId: number, outcome: Outcome): Promise<void> {
  if (!chainId) throw new Refusal('chain_not_supported', 'the list of networks is empty')
  const signed = await signIn(wallet, chainId, () => nonce(page), (message) =>
    outcome.working(`${wallet.name} asks you to sign this text:`, h('pre', { class: 'message', tabindex: 0 }, message)),
  )
  outcome.working('Checking the signature.')
  const query = 'mutation ($session: LoginInput!) { v1Login(session: $session) { res success } }'
  const { message, signature } = signed
  const answer = await page.sessions.guestWithCookies({ query, variables: { session: { message, signature } } })
  page.sessions.adopt('siwe', dataOf<{ v1Login: { res: Tokens } }>(answer).v1Login.res)
}

/** The service's own nonce: it takes these in either mode of SIWE_NONCES. */
async function nonce(page: Page): Promise<Issued> {
  const answer = await page.sessions.guest({ query: '{ v1Nonce { res success } }' })
  const { nonce } = dataOf<{ v1Nonce: { res: Issued } }>(answer).v1Nonce.res
  return { nonce }
}
