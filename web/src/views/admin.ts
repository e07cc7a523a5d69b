// For those whose token allows the role admin: accounts, sessions, signing keys and the audit log, as the engine shows
// them to that role. It only looks; operators change things on the command line.
import { getAddress, isAddress } from 'viem'
import { add, card, fill, h, heading, short, table } from '../dom.ts'
import type { Child } from '../dom.ts'
import { button, onPress, Outcome, refused } from '../outcome.ts'
import type { Page } from '../page.ts'
import { moment } from '../time.ts'
import { device } from './own-sessions.ts'

type Row = Record<string, unknown>

interface View {
  name: string
  title: string
  /** The root field, its order and its columns. */
  root: string
  order: string
  fields: string
  columns: string[]
  cells(row: Row): Child[]
  empty: string
}

const LENGTH = 10

const VIEWS: View[] = [
  {
    name: 'admin-accounts',
    title: 'Accounts',
    root: 'accounts',
    order: '{created_at: desc}',
    fields: 'network address name user_id created_at',
    columns: ['Name', 'Address', 'Network', 'User', 'Since'],
    cells: (row) => [text(row.name), hex(row.address), text(row.network), id(row.user_id), at(row.created_at)],
    empty: 'Nobody has signed in with a wallet yet.',
  },
  {
    name: 'admin-sessions',
    title: 'Sessions',
    root: 'sessions',
    order: '{last_used_at: desc}',
    fields: 'id user_id flow address created_at last_used_at ends_at ended_at reason user_agent ip',
    columns: ['State', 'User', 'Signed in by', 'From', 'Last restored', 'Ends'],
    cells: (row) => [
      row.ended_at ? h('span', { class: 'chip' }, text(row.reason)) : h('span', { class: 'chip own' }, 'live'),
      id(row.user_id),
      h('span', { class: 'device' }, text(row.flow), row.address ? h('small', {}, hex(row.address)) : null),
      h('span', { class: 'device', title: String(row.user_agent ?? '') }, device(row.user_agent as string | null), row.ip ? h('small', {}, String(row.ip)) : null),
      at(row.last_used_at),
      at(row.ended_at ?? row.ends_at),
    ],
    empty: 'There is none.',
  },
  {
    name: 'admin-keys',
    title: 'Signing keys',
    root: 'signing_keys',
    order: '{created_at: desc}',
    fields: 'kid algorithm state created_at',
    columns: ['State', 'Algorithm', 'Key id', 'Made'],
    cells: (row) => [h('span', { class: row.state === 'current' ? 'chip own' : 'chip' }, text(row.state)), text(row.algorithm), id(row.kid), at(row.created_at)],
    empty: 'None: tokens are signed with the secret that the service shares with Hasura.',
  },
  {
    name: 'admin-audit',
    title: 'Audit log',
    root: 'audit',
    order: '[{at: desc}, {id: desc}]',
    fields: 'id at action result user_id actor address ip',
    columns: ['When', 'What', 'Result', 'Who', 'From'],
    cells: (row) => [at(row.at), text(row.action), h('span', { class: row.result === 'ok' ? 'chip own' : 'chip bad' }, text(row.result)), row.address ? hex(row.address) : row.user_id ? id(row.user_id) : text(row.actor), text(row.ip)],
    empty: 'Nothing was written down yet.',
  },
]

export function adminPart(page: Page): HTMLElement {
  return h('div', { class: 'stack' }, ...VIEWS.map((view) => part(page, view)))
}

function part(page: Page, view: View): HTMLElement {
  const outcome = new Outcome()
  const list = h('div', {}, h('p', { class: 'empty' }, 'Loading…'))
  let rows: Row[] = []
  const more = button(`more-${view.name}`, 'Show older', { kind: 'quiet', label: `Show older: ${view.title}` })
  const read = async (from: number) => {
    const query = `query ($from: Int!) { ${view.root}(order_by: ${view.order}, limit: ${LENGTH}, offset: $from) { ${view.fields} } }`
    const data = await page.sessions.ask<Record<string, Row[]>>({ query, variables: { from } }, 'admin')
    const found = data[view.root] ?? []
    rows = from === 0 ? found : [...rows, ...found]
    more.hidden = found.length < LENGTH
    fill(list, table(view.title, view.columns, rows.map(view.cells), view.empty))
  }
  const again = onPress(button(`reload-${view.name}`, 'Read again', { kind: 'quiet', label: `Read again: ${view.title}` }), outcome, () => read(0))
  onPress(more, outcome, () => read(rows.length))
  more.hidden = true
  read(0).catch((error: unknown) => fill(list, refused(error)))
  const element = card(view.name, heading(view.title, view.root), list, outcome.element)
  add(element, h('div', { class: 'buttons' }, again, more))
  return element
}

function text(value: unknown): string {
  return value === null || value === undefined || value === '' ? '–' : String(value)
}

/** An address in checksum form, whichever way the view writes it. */
function hex(value: unknown): Child {
  if (typeof value !== 'string') return '–'
  return short(isAddress(value, { strict: false }) ? getAddress(value) : value)
}

function id(value: unknown): Child {
  return value ? short(String(value), 8, 4) : '–'
}

function at(value: unknown): Child {
  return typeof value === 'string' ? moment(value) : '–'
}
