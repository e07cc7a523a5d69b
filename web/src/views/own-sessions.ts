// The caller's own live sessions, and a way to end each.
import { card, fill, h, heading, table } from '../dom.ts'
import { button, onPress, Outcome } from '../outcome.ts'
import type { Page } from '../page.ts'
import { moment } from '../time.ts'

interface Own {
  id: string
  flow: string
  createdAt: string
  lastUsedAt: string
  endsAt: string
  userAgent: string | null
  ip: string | null
  current: boolean
}

/** `heard` is told of this tab's own session whenever the list was read. */
export function ownSessions(page: Page, heard: (own: Own | undefined) => void) {
  const list = h('div', {}, h('p', { class: 'empty' }, 'Loading…'))
  const outcome = new Outcome()
  const read = async () => {
    const { v1Sessions } = await page.sessions.ask<{ v1Sessions: { res: { sessions: Own[] } } }>({ query: '{ v1Sessions { res success } }' })
    const { sessions } = v1Sessions.res
    heard(sessions.find((own) => own.current))
    fill(list, draw(sessions, end))
  }
  const end = (own: Own): HTMLElement => {
    if (own.current) return h('span', { class: 'chip own' }, 'this one')
    const pressed = button('end-session', 'End', { kind: 'danger', label: `End the session of ${device(own.userAgent)}` })
    return onPress(pressed, outcome, async () => {
      const query = 'mutation ($id: uuid!) { v1EndSession(id: $id) { res success } }'
      const { v1EndSession } = await page.sessions.ask<{ v1EndSession: { res: { ended: number } } }>({ query, variables: { id: own.id } })
      await read()
      outcome.good(v1EndSession.res.ended === 1 ? 'That session is over.' : 'That session was over already.')
      again.focus()
    })
  }
  const reload = async () => {
    try {
      await read()
    } catch (error) {
      outcome.refuse(error)
    }
  }
  const again = button('reload-sessions', 'Read again', { kind: 'quiet' })
  onPress(again, outcome, read)
  void reload()
  const element = card('own-sessions', heading('Where you are signed in', 'v1Sessions', 'v1EndSession'), list, outcome.element, again)
  return { element, reload }
}

function draw(sessions: Own[], end: (own: Own) => HTMLElement): HTMLElement {
  const rows = sessions.map((own) => [
    h('span', { class: 'device', title: own.userAgent ?? '' }, device(own.userAgent), h('small', {}, [own.flow, own.ip].filter(Boolean).join(' · '))),
    moment(own.createdAt),
    moment(own.lastUsedAt),
    end(own),
  ])
  return table('Your sessions', ['Device', 'Opened', 'Last restored', ''], rows, 'There is none.')
}

/** The browser and the system of a User-Agent: enough to know one's own. */
export function device(agent: string | null): string {
  if (!agent) return 'Unknown device'
  const browser = [/Edg\//, /OPR\//, /Firefox\//, /HeadlessChrome\//, /Chrome\//, /Safari\//].findIndex((mark) => mark.test(agent))
  const system = [/Android/, /iPhone|iPad/, /Windows/, /Mac OS X/, /Linux/].findIndex((mark) => mark.test(agent))
  const name = ['Edge', 'Opera', 'Firefox', 'Chrome', 'Chrome', 'Safari'][browser]
  const on = ['Android', 'iOS', 'Windows', 'macOS', 'Linux'][system]
  if (!name) return agent.slice(0, 40)
  return on ? `${name} on ${on}` : name
}
