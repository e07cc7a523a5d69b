// What the access token says, claim by claim.
import { card, fill, h, heading, table } from '../dom.ts'
import type { Child } from '../dom.ts'
import { NAMESPACE } from '../claims.ts'
import { json } from '../json.ts'
import type { Session } from '../session.ts'
import { moment } from '../time.ts'

const MEANING: Record<string, string> = {
  iss: 'who issued it',
  aud: 'for whom it is',
  sub: 'the user',
  jti: 'this token',
  iat: 'issued, dated back five seconds',
  nbf: 'good from',
  exp: 'good until',
  'x-hasura-allowed-roles': 'may act as',
  'x-hasura-default-role': 'acts as, unless a call says otherwise',
  'x-hasura-user-id': 'the user, for permissions',
  'x-hasura-address': 'the wallet that signed in',
  'x-hasura-session-id': 'the session',
}
const TIMES = ['iat', 'nbf', 'exp']

export function claimsCard(session: Session) {
  const body = h('div', {})
  const show = ({ claims }: Session) => {
    const { [NAMESPACE]: own, ...registered } = claims
    const all = [...Object.entries(registered), ...Object.entries((own ?? {}) as Record<string, unknown>)]
    const rows = all.map(([name, value]): Child[] => [
      h('code', {}, name),
      TIMES.includes(name) ? moment(Number(value) * 1000) : h('code', { class: 'value' }, Array.isArray(value) ? value.join(', ') : String(value)),
      MEANING[name] ?? (name.startsWith('x-hasura-') ? 'added by the operator' : ''),
    ])
    fill(
      body,
      table('Claims of the access token', ['Claim', 'Value', 'What it is'], rows, 'The token says nothing.'),
      h('details', { class: 'more' }, h('summary', { 'data-does': 'claims-json' }, 'As JSON'), json(claims, 'The claims as JSON')),
    )
  }
  show(session)
  return { element: card('token', heading('What your token says'), body), show }
}
