// A GraphQL console: one document, run in several roles at once, so that what one of them is given stands beside what
// another is refused.
import { card, fill, field, h, heading } from '../dom.ts'
import * as claims from '../claims.ts'
import { refusalOf } from '../graphql.ts'
import type { Answer, Request } from '../graphql.ts'
import { json } from '../json.ts'
import { button, onPress, Outcome, refused } from '../outcome.ts'
import type { Page } from '../page.ts'
import { Refusal } from '../refusals.ts'
import type { Session } from '../session.ts'
import { EXAMPLES } from './examples.ts'

export interface Console {
  element: HTMLElement
  /** Somebody signed in or out, or has other roles now. */
  changed(session: Session | null): void
}

const ALWAYS = ['guest', 'user', 'admin']

export function consolePart(page: Page): Console {
  const query = h('textarea', { rows: 9, spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', class: 'code' })
  const variables = h('textarea', { rows: 3, spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', class: 'code' })
  const examples = h('select', { 'data-does': 'choose-example' }, ...EXAMPLES.map((example, at) => h('option', { value: at }, example.title)))
  const boxes = h('div', { class: 'boxes' })
  const outcome = new Outcome()
  const answers = h('div', { class: 'answers', 'aria-live': 'polite' })
  const choose = () => {
    const chosen = EXAMPLES[Number(examples.value)]
    if (!chosen) return
    query.value = chosen.query
    variables.value = chosen.variables ? JSON.stringify(chosen.variables(page.sessions.current), null, 2) : ''
  }
  examples.addEventListener('change', choose)
  choose()

  const run = async () => {
    const request = read(query.value, variables.value)
    const roles = [...boxes.querySelectorAll<HTMLInputElement>('input:checked')].map((box) => box.value)
    if (roles.length === 0) throw new Refusal('nothing-chosen', 'no role')
    const columns = roles.map((role) => column(role))
    fill(answers, ...columns.map((one) => one.element))
    await Promise.all(columns.map((one, at) => one.fill(as(page, roles[at] ?? 'guest', request))))
  }
  const pressed = onPress(button('run', 'Run', { kind: 'primary' }), outcome, run)
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    pressed.click()
  }
  query.addEventListener('keydown', keys)
  variables.addEventListener('keydown', keys)

  const element = h(
    'div',
    { class: 'stack' },
    card(
      'console',
      heading('Ask as guest, user or admin', '/v1/graphql'),
      h(
        'div',
        { class: 'editor' },
        h('div', { class: 'left-side' }, field('Example', examples), field('Query', query)),
        h(
          'div',
          { class: 'right-side' },
          field('Variables, as JSON', variables),
          h('fieldset', {}, h('legend', {}, 'Run as'), boxes),
          h('p', { class: 'hint' }, 'A guest sends no token. The others send yours with x-hasura-role. A mutation runs once for each.'),
          h('div', { class: 'buttons' }, pressed, h('span', { class: 'hint' }, h('kbd', {}, 'Ctrl'), ' ', h('kbd', {}, 'Enter'))),
          outcome.element,
        ),
      ),
    ),
    answers,
  )
  return {
    element,
    changed(session) {
      const left = new Set([...boxes.querySelectorAll<HTMLInputElement>('input:not(:checked)')].map((box) => box.value))
      const roles = [...new Set([...ALWAYS, ...(session ? claims.roles(session.claims) : [])])]
      fill(boxes, ...roles.map((role) => h('label', { class: 'box' }, h('input', { type: 'checkbox', value: role, checked: !left.has(role) }), role)))
      if (EXAMPLES[Number(examples.value)]?.variables) choose()
    },
  }
}

function read(query: string, variables: string): Request {
  if (!variables.trim()) return { query }
  try {
    return { query, variables: JSON.parse(variables) as unknown }
  } catch (error) {
    throw new Refusal('not-json', error instanceof Error ? error.message : '')
  }
}

/** As it is: a refusal is what the console is there to show, so nothing is tried twice. */
async function as(page: Page, role: string, request: Request): Promise<Answer> {
  if (role === 'guest') return page.sessions.guest(request)
  if (!page.sessions.current) throw new Refusal('signed-out', '')
  return page.sessions.raw(request, { 'x-hasura-role': role })
}

function column(role: string) {
  const verdict = h('span', { class: 'verdict' }, '…')
  const body = h('div', { class: 'column-body' })
  const title = h('h3', {}, role)
  const element = h('section', { class: 'answer', 'aria-label': `As ${role}`, 'data-role': role }, h('header', {}, title, verdict), body)
  return {
    element,
    async fill(asked: Promise<Answer>) {
      try {
        const answer = await asked
        const refusal = refusalOf(answer)
        element.classList.add(refusal ? 'is-refusal' : 'is-answer')
        verdict.textContent = `${refusal ? 'refused' : 'answered'} · ${answer.milliseconds} ms`
        const raw = answer.body === undefined ? h('pre', { class: 'json', tabindex: 0 }, answer.text.slice(0, 2000) || '(empty)') : json(answer.body, `What ${role} got`)
        fill(body, refusal && refused(refusal), raw)
      } catch (error) {
        element.classList.add('is-refusal')
        verdict.textContent = 'not asked'
        fill(body, refused(error))
      }
    },
  }
}
