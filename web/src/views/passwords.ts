// The ways in with a password: by e-mail address, by username, and how to get an account. Each is a form of its own,
// because each is an API of its own, with its own tokens.
import { field, h } from '../dom.ts'
import { dataOf } from '../graphql.ts'
import { button, onSubmit, Outcome } from '../outcome.ts'
import type { Page } from '../page.ts'

export function passwords(page: Page): HTMLElement {
  return h(
    'section',
    { class: 'card ways', 'aria-labelledby': 'ways-title' },
    h('div', { class: 'heading' }, h('h2', { id: 'ways-title' }, 'Or with a password')),
    way('by-email', 'E-mail address', 'login', byEmail(page)),
    way('by-username', 'Username', 'tokenAuth', byUsername(page)),
    way('register', 'New here? Register', 'register', registering(page)),
  )
}

/** One at a time is open: the browser sees to that by the name. */
function way(name: string, title: string, operation: string, content: HTMLElement): HTMLElement {
  return h('details', { name: 'way', class: `way ${name}` }, h('summary', { 'data-does': `open-${name}` }, h('span', {}, title), h('code', { class: 'op' }, operation)), content)
}

function byEmail(page: Page): HTMLElement {
  const outcome = new Outcome()
  // No type="email": the service says what an address is, and says it in words.
  const email = h('input', { type: 'text', inputmode: 'email', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true })
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const form = h('form', {}, field('E-mail address', email), field('Password', password), button('log-in-email', 'Sign in', { kind: 'primary', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const query = 'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { access_token refresh_token } }'
    const answer = await page.sessions.guest({ query, variables: { email: email.value.trim(), password: password.value } })
    const { login } = dataOf<{ login: { access_token: string; refresh_token: string } }>(answer)
    page.sessions.adopt('email', { accessToken: login.access_token, refreshToken: login.refresh_token })
  })
}

function byUsername(page: Page): HTMLElement {
  const outcome = new Outcome()
  const username = h('input', { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true })
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const form = h('form', {}, field('Username', username), field('Password', password), button('log-in-username', 'Sign in', { kind: 'primary', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const query = 'mutation ($username: String!, $password: String!) { tokenAuth(username: $username, password: $password) { token } }'
    const answer = await page.sessions.guest({ query, variables: { username: username.value.trim(), password: password.value } })
    const { token } = dataOf<{ tokenAuth: { token: string } }>(answer).tokenAuth
    page.sessions.adopt('username', { accessToken: token, refreshToken: token })
  })
}

function registering(page: Page): HTMLElement {
  if (page.settings.registration !== 'open') {
    return h('p', { class: 'closed' }, 'Nobody can register here by themselves. Ask the operator for an account.')
  }
  const outcome = new Outcome()
  const email = h('input', { type: 'text', inputmode: 'email', autocomplete: 'email', autocapitalize: 'none', spellcheck: 'false' })
  const username = h('input', { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' })
  const name = h('input', { type: 'text', autocomplete: 'name' })
  const password = h('input', { type: 'password', autocomplete: 'new-password', required: true })
  const form = h(
    'form',
    {},
    field('E-mail address', email, 'This, a username, or both. Nothing is mailed to it.'),
    field('Username', username),
    field('Your name', name, 'As others see you; may stay empty.'),
    field('Password', password, 'A few unrelated words do well.'),
    button('register', 'Register', { kind: 'primary', submit: true }),
    outcome.element,
  )
  return onSubmit(form, outcome, async () => {
    const query = `mutation ($email: String, $username: String, $password: String!, $name: String) {
      register(email: $email, username: $username, password: $password, name: $name) { id }
    }`
    const or = (input: HTMLInputElement) => input.value.trim() || null
    const variables = { email: or(email), username: or(username), name: or(name), password: password.value }
    const answer = await page.sessions.guest({ query, variables })
    dataOf<{ register: { id: string } }>(answer)
    password.value = ''
    outcome.good('You are registered. Sign in above with the same password.')
  })
}
