// Signed in: who it is, in which roles, for how long, and what can be done with the session as a whole.
import { avatar } from '../avatar.ts'
import { card, fill, h, heading, short } from '../dom.ts'
import * as claims from '../claims.ts'
import { dataOf } from '../graphql.ts'
import { json } from '../json.ts'
import { button, onPress, Outcome } from '../outcome.ts'
import type { Page, Part } from '../page.ts'
import { Refusal } from '../refusals.ts'
import type { Session } from '../session.ts'
import { span, ticking } from '../time.ts'
import { accountsCard } from './accounts.ts'
import { claimsCard } from './claims.ts'
import { ownSessions } from './own-sessions.ts'
import { waysIn } from './ways-in.ts'

const BY: Record<Session['flow'], string> = { siwe: 'with a wallet', email: 'by e-mail address', username: 'by username' }
const RESTORED_BY: Record<Session['flow'], string> = { siwe: 'v1RestoreSession', email: 'refreshToken', username: 'refreshToken' }

export function sessionPart(page: Page, session: Session): Part {
  const name = h('strong', { class: 'name' }, 'You')
  const roles = h('dd', { class: 'chips' })
  const access = life('access', 'Access token')
  const whole = life('whole', 'Session')
  const token = claimsCard(session)
  let current = session
  const draw = (next: Session) => {
    current = next
    const own = claims.roles(next.claims)
    const usual = claims.text(next.claims, 'x-hasura-default-role')
    fill(roles, ...own.map((role) => h('span', { class: role === usual ? 'chip own' : 'chip', title: role === usual ? 'the role of every call that names none' : 'send x-hasura-role to act in it' }, role)))
  }
  draw(session)
  ticking(access.element, () => access.show(current.endsAt - Date.now(), claims.lifetime(current.claims), 'is restored with the next call'))

  // The service's times, by the service's clock.
  let ends: { at: number; of: number } | null = null
  const showWhole = () => ends && whole.show(ends.at - (Date.now() - current.skew), ends.of, 'is over')
  ticking(whole.element, showWhole)
  const others = ownSessions(page, (own) => {
    if (!own) return
    const at = Date.parse(own.endsAt)
    ends = { at, of: at - Date.parse(own.lastUsedAt) }
    showWhole()
  })
  const accounts = accountsCard(page, session, (shown) => fill(name, shown))
  const who = card(
    'who',
    heading('You are signed in'),
    h('div', { class: 'person' }, avatar(claims.text(session.claims, 'x-hasura-address') ?? session.claims.sub), h('div', {}, name, identity(session))),
    h(
      'dl',
      { class: 'facts' },
      h('dt', {}, 'Signed in'),
      h('dd', {}, BY[session.flow]),
      h('dt', {}, 'Roles'),
      roles,
    ),
    access.element,
    whole.element,
    ...acts(page, session),
  )
  const element = h('div', { class: 'columns' }, h('div', { class: 'stack' }, who, accounts, waysIn(page, session)), h('div', { class: 'stack' }, others.element, token.element))
  return {
    element,
    renewed(next) {
      draw(next)
      token.show(next)
      void others.reload()
    },
  }
}

function identity(session: Session): HTMLElement {
  const address = claims.text(session.claims, 'x-hasura-address')
  return address
    ? h('p', { class: 'identity' }, h('code', { class: 'address' }, address))
    : h('p', { class: 'identity' }, 'User ', short(session.claims.sub, 8, 4))
}

/** A bar that runs out, with the time that is left in words. It is no live region: nobody wants to hear each second. */
function life(name: string, label: string) {
  const bar = h('span', { class: 'bar-fill' })
  const left = h('span', { class: 'left' }, '…')
  const element = h('div', { class: `life ${name}` }, h('span', { class: 'life-label' }, label), left, h('span', { class: 'bar', 'aria-hidden': 'true' }, bar))
  return {
    element,
    show(milliseconds: number, of: number, over: string) {
      left.textContent = milliseconds > 0 ? `${span(milliseconds)} left` : over
      bar.style.width = `${Math.min(100, Math.max(0, (milliseconds / of) * 100))}%`
      element.classList.toggle('low', milliseconds < of / 10)
    },
  }
}

function acts(page: Page, session: Session): HTMLElement[] {
  const { sessions } = page
  const outcome = new Outcome()
  const restore = onPress(button('restore', 'Restore now', { kind: 'primary' }), outcome, async () => {
    await sessions.restore()
    outcome.good('Two new tokens; the old ones are spent.')
  })
  const check = onPress(button('verify', 'Check the token'), outcome, async () => {
    const query = 'mutation ($token: String!) { verifyToken(token: $token) { payload } }'
    const token = sessions.current?.accessToken ?? ''
    const { payload } = dataOf<{ verifyToken: { payload: unknown } }>(await sessions.guest({ query, variables: { token } })).verifyToken
    outcome.good('The service says that it is good right now, and that it says: ', json(payload, 'What verifyToken answered'))
  })
  const copy = onPress(button('copy-token', 'Copy token'), outcome, async () => {
    try {
      await navigator.clipboard.writeText(sessions.current?.accessToken ?? '')
    } catch (error) {
      throw new Refusal('clipboard', String(error))
    }
    outcome.good('Copied. Whoever has it is you until it ends.')
  })
  const leave = onPress(button('log-out', 'Log out'), outcome, () => over(page, 'mutation { v1Logout { res success } }'))
  const everywhere = onPress(button('log-out-all', 'Sign out everywhere', { kind: 'danger' }), outcome, () =>
    over(page, 'mutation { v1LogoutAll { res success } }'),
  )
  return [
    h('div', { class: 'buttons' }, restore, check, copy),
    h('div', { class: 'buttons last' }, leave, everywhere),
    outcome.element,
    h('p', { class: 'ops' }, ...[RESTORED_BY[session.flow], 'verifyToken', 'v1Logout', 'v1LogoutAll'].map((name) => h('code', { class: 'op' }, name))),
  ]
}

/** A session that is over already is left as well; one that could not be reached is kept, so that it can be ended later. */
async function over(page: Page, query: string): Promise<void> {
  try {
    await page.sessions.ask({ query }, undefined, true)
  } catch (error) {
    if (!(error instanceof Refusal) || page.sessions.current) throw error
    return
  }
  page.sessions.end({ by: 'you' })
}
