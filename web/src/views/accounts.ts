// The accounts of the caller's address, network by network, and the form that names them.
import { add, card, field, fill, h, heading, table } from '../dom.ts'
import * as claims from '../claims.ts'
import { button, onSubmit, Outcome, refused } from '../outcome.ts'
import type { Network, Page } from '../page.ts'
import { networks } from '../page.ts'
import { Refusal } from '../refusals.ts'
import type { Session } from '../session.ts'
import { moment } from '../time.ts'

interface Account {
  network: string
  name: string | null
  created_at: string
}

/** `named` hears what the account is called, as soon as that is known. */
export function accountsCard(page: Page, session: Session, named: (name: string) => void): HTMLElement {
  const address = claims.text(session.claims, 'x-hasura-address')
  const list = h('div', { class: 'account-list' }, h('p', { class: 'empty' }, 'Loading…'))
  if (!address) {
    void profile(page, list, named)
    return card('accounts', heading('Your profile', 'myProfile'), list)
  }
  const name = h('input', { type: 'text', autocomplete: 'nickname', spellcheck: 'false' })
  const boxes = h('div', { class: 'boxes' })
  const outcome = new Outcome()
  const reload = async () => {
    try {
      const own = await accountsOf(page, address)
      const known = await networks(page)
      draw(list, own)
      fill(boxes, ...choices(known, own))
      const first = own.find((account) => account.name)?.name
      named(first ?? 'You')
      if (first && !name.value) name.value = first
    } catch (error) {
      fill(list, refused(error))
    }
  }
  const form = h(
    'form',
    { class: 'rename' },
    field('New name', name),
    h('fieldset', {}, h('legend', {}, 'On'), boxes),
    button('rename', 'Rename', { kind: 'primary', submit: true }),
    outcome.element,
  )
  onSubmit(form, outcome, async () => {
    const chosen = [...boxes.querySelectorAll<HTMLInputElement>('input:checked')].map((box) => box.value)
    if (chosen.length === 0) throw new Refusal('nothing-chosen', 'no network')
    const query = 'mutation ($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res success } }'
    const variables = { account: { data: { networks: chosen, name: name.value, address } } }
    const data = await page.sessions.ask<{ v1UpdateAccount: { res: { updatedIn: string[] } } }>({ query, variables })
    const { updatedIn } = data.v1UpdateAccount.res
    const left = chosen.filter((network) => !updatedIn.includes(network))
    const renamed = updatedIn.length > 0 ? `Renamed on ${updatedIn.join(', ')}.` : 'Nothing was renamed.'
    const without = left.length > 0 ? ` You have no account on ${left.join(', ')}: sign in there once to have one.` : ''
    await reload()
    outcome.good(renamed, without)
  })
  void reload()
  return card('accounts', heading('Your accounts', 'v1UpdateAccount'), list, form)
}

async function accountsOf(page: Page, address: string): Promise<Account[]> {
  const query = `query ($address: String!) {
    accounts(where: {address: {_eq: $address}}, order_by: {created_at: asc}) { network name created_at }
  }`
  return (await page.sessions.ask<{ accounts: Account[] }>({ query, variables: { address } })).accounts
}

function draw(list: HTMLElement, own: Account[]): void {
  const rows = own.map((account) => [
    h('strong', {}, account.network),
    account.name ?? h('span', { class: 'none' }, 'no name'),
    moment(account.created_at),
  ])
  fill(list, table('Your accounts', ['Network', 'Name', 'Since'], rows, 'No network knows this address yet: sign in with the wallet itself.'))
}

function choices(known: Network[], own: Account[]): HTMLElement[] {
  const names = [...new Set([...own.map((account) => account.network), ...known.map((network) => network.name)])]
  return names.map((network) => {
    const box = h('input', { type: 'checkbox', value: network, checked: own.some((account) => account.network === network) })
    return h('label', { class: 'box' }, box, network)
  })
}

async function profile(page: Page, list: HTMLElement, named: (name: string) => void): Promise<void> {
  try {
    const data = await page.sessions.ask<{ myProfile: { id: string; name: string | null; avatar: string | null } }>({
      query: '{ myProfile { id name avatar } }',
    })
    const { id, name, avatar } = data.myProfile
    named(name ?? 'You')
    fill(list, h('dl', { class: 'facts' }))
    const facts = list.querySelector('dl')
    const none = () => h('span', { class: 'none' }, 'none')
    // The avatar stays text: it is an address elsewhere, and this page fetches nothing from elsewhere.
    for (const [term, value] of [['User id', h('code', {}, id)], ['Name', name ?? none()], ['Avatar', avatar ?? none()]] as const) {
      if (facts) add(facts, h('dt', {}, term), h('dd', {}, value))
    }
  } catch (error) {
    fill(list, refused(error))
  }
}
