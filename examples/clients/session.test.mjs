// session.mjs and tabs.mjs against a Hasura of a few lines that counts what it is asked. Against the real service they are run by
// the examples.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { Refusal, Session } from './session.mjs'
import { shareBetweenTabs } from './tabs.mjs'

const HOUR = 3_600_000
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (id) => `${part({ alg: 'none' })}.${part({ iat: 1_800_000_000, exp: 1_800_003_600, jti: id })}.x`

/** Knows one session: refresh tokens are r0, r1 …, and the access tokens beside them. */
class Hasura {
  generation = 0
  seen = []
  refuses = new Set()
  answers = []

  tokens(generation = this.generation) {
    return { accessToken: token(`a${generation}`), refreshToken: `r${generation}` }
  }

  fetch = async (_, { headers, body, credentials }) => {
    const { query, variables } = JSON.parse(body)
    const bearer = headers.get('authorization')
    const field = /\b(v1\w+|networks)\b(?!\()/.exec(query.slice(query.indexOf('{')))?.[0] ?? /v1\w+/.exec(query)[0]
    this.credentials = credentials
    this.seen.push([field, bearer && JSON.parse(atob(bearer.slice(7).split('.')[1])).jti])
    await null
    const next = this.answers.shift()
    if (next instanceof Error) throw next
    const code = next ?? (bearer && this.refuses.has(bearer) ? 'invalid-jwt' : this.judge(field, variables))
    if (typeof code === 'string') return Response.json({ errors: [{ message: 'no', extensions: { code } }] })
    return Response.json({ data: { [field]: { res: code, success: true } } })
  }

  judge(field, variables) {
    if (field !== 'v1RestoreSession') return field === 'v1Login' ? this.tokens() : {}
    if (!variables.session.refreshToken) return this.cookie ? { accessToken: token('c') } : 'refresh_token_invalid'
    const sent = Number(variables.session.refreshToken.slice(1))
    if (sent === this.generation) this.generation += 1 // the first: the token is spent
    return sent === this.generation - 1 ? this.tokens() : 'refresh_token_invalid'
  }
}

let hasura
beforeEach(() => {
  hasura = new Hasura()
  mock.method(globalThis, 'fetch', hasura.fetch)
})
afterEach(() => mock.reset())

async function signedIn() {
  const session = new Session('http://hasura/v1/graphql')
  await session.logIn({ message: 'm', signature: 's' })
  hasura.seen = []
  const events = []
  session.addEventListener('over', ({ detail }) => events.push(detail.reason))
  return { session, events }
}
const ask = (session) => session.request('{ networks { name } }')

test('a guest sends no token, a user does', async () => {
  await ask(new Session('http://hasura/v1/graphql'))
  const { session } = await signedIn()
  await ask(session)
  assert.deepEqual(hasura.seen, [['networks', 'a0']])
})

test('a log-in and a restore carry no token, whoever put one there', async () => {
  const { session } = await signedIn()
  const headers = { Authorization: `Bearer ${token('stale')}` }
  for (const query of ['mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res } }', 'query { v1Nonce { res } }']) {
    await session.fetch('http://hasura/v1/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })
  }
  await session.restore()
  assert.deepEqual(hasura.seen, [['v1Login', null], ['v1Nonce', null], ['v1RestoreSession', null]])
})

test('a header of the client is replaced by that of the session, and dropped where nobody is signed in', async () => {
  const { session } = await signedIn()
  const headers = { authorization: `Bearer ${token('stale')}` }
  const body = JSON.stringify({ query: '{ networks { name } }' })
  await session.fetch('http://hasura/v1/graphql', { method: 'POST', headers, body })
  session.end('signed_out')
  await session.fetch('http://hasura/v1/graphql', { method: 'POST', headers, body })
  assert.deepEqual(hasura.seen, [['networks', 'a0'], ['networks', null]])
})

test('that a variable says v1Login makes no log-in of a request', async () => {
  const { session } = await signedIn()
  await session.request('mutation ($name: String!) { v1UpdateAccount(name: $name) { res } }', { name: 'v1Login' })
  assert.deepEqual(hasura.seen[0][1], 'a0')
})

test('a token is replaced half a minute before its end, on a clock that is years behind', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1000 })
  const { session } = await signedIn()
  mock.timers.tick(HOUR - 30_001)
  await ask(session)
  mock.timers.tick(1)
  await ask(session)
  mock.timers.reset()
  assert.deepEqual(hasura.seen, [['networks', 'a0'], ['v1RestoreSession', null], ['networks', 'a1']])
})

test('many requests with a token that is refused share one restore, and are all sent again', async () => {
  const { session } = await signedIn()
  hasura.refuses.add(`Bearer ${session.tokens.accessToken}`)
  await Promise.all(Array.from({ length: 20 }, () => ask(session)))
  const count = (field, id) => hasura.seen.filter(([seen, sent]) => seen === field && sent === id).length
  assert.deepEqual([count('networks', 'a0'), count('v1RestoreSession', null), count('networks', 'a1')], [20, 1, 20])
})

test('a refusal that comes late, of a token that was replaced meanwhile, costs no second restore', async () => {
  const { session } = await signedIn()
  const late = ask(session)
  hasura.refuses.add(`Bearer ${session.tokens.accessToken}`)
  hasura.answers = ['invalid-jwt']
  session.adopt(hasura.tokens((hasura.generation = 1)))
  await late
  assert.deepEqual(hasura.seen, [['networks', 'a0'], ['networks', 'a1']])
})

test('a token that stays refused is asked about once, and the refusal reaches the caller', async () => {
  const { session } = await signedIn()
  hasura.answers = ['access-denied', undefined, 'access-denied']
  await assert.rejects(ask(session), { code: 'access-denied' })
  assert.equal(hasura.seen.length, 3)
})

test('the session is over when the refresh token is refused, and says so once', async () => {
  const { session, events } = await signedIn()
  hasura.refuses.add(`Bearer ${session.tokens.accessToken}`)
  hasura.generation = 7
  const asked = await Promise.allSettled([ask(session), ask(session)])
  assert.deepEqual(asked.map(({ reason }) => reason.code), ['refresh_token_invalid', 'refresh_token_invalid'])
  assert.deepEqual(events, ['refresh_token_invalid'])
  assert.equal(session.tokens, null)
  await ask(session)
  assert.deepEqual(hasura.seen.at(-1), ['networks', null])
})

test('the session is over when an answer says session_ended', async () => {
  const { session, events } = await signedIn()
  hasura.answers = ['session_ended']
  await assert.rejects(ask(session), (error) => error instanceof Refusal && error.code === 'session_ended')
  assert.deepEqual(events, ['session_ended'])
})

test('what passes ends no session', async () => {
  const { session, events } = await signedIn()
  for (const answers of [['rate_limited'], ['unavailable'], [new TypeError('offline'), new TypeError('offline')]]) {
    hasura.answers = answers
    await assert.rejects(session.restore())
  }
  await session.restore()
  assert.deepEqual([session.tokens.refreshToken, events], ['r1', []])
})

test('a restore whose answer is lost is sent again with the same token', async () => {
  const { session } = await signedIn()
  hasura.generation = 1 // it was spent, and the answer never came
  hasura.answers = [new TypeError('connection lost')]
  await session.restore()
  assert.equal(session.tokens.refreshToken, 'r1')
})

test('whoever signs out during a restore stays signed out', async () => {
  const { session, events } = await signedIn()
  const restoring = session.restore()
  session.end('signed_out')
  await restoring
  assert.deepEqual([session.tokens, events], [null, ['signed_out']])
})

test('a log-out forgets the tokens even where the server cannot be reached, and says so', async () => {
  const { session, events } = await signedIn()
  hasura.answers = [new TypeError('offline')]
  await assert.rejects(session.logOut(), TypeError)
  assert.deepEqual([session.tokens, events], [null, ['signed_out']])
})

test('where the refresh token is a cookie, a page restores without one, and cookies go with its requests alone', async () => {
  const session = new Session('http://hasura/v1/graphql', { cookie: true })
  const events = []
  session.addEventListener('over', ({ detail }) => events.push(detail.reason))
  await assert.rejects(session.restore(), { code: 'refresh_token_invalid' })
  assert.deepEqual(events, []) // nobody was signed in
  hasura.cookie = true
  await session.restore()
  await ask(session)
  assert.deepEqual(hasura.seen.at(-1), ['networks', 'c'])
  assert.equal(hasura.credentials, 'include')
  const restoring = session.restore()
  session.end('signed_out')
  await restoring
  assert.deepEqual([session.tokens, events], [null, ['signed_out']])
  await ask(new Session('http://hasura/v1/graphql'))
  assert.equal(hasura.credentials, undefined)
})

/** A channel as a browser has it, whose messages arrive when the test asks for them. */
async function twoTabs() {
  const { session, events } = await signedIn()
  const other = new Session('http://hasura/v1/graphql')
  const ends = [new BroadcastChannel('test'), new BroadcastChannel('test')]
  const leave = [shareBetweenTabs(session, ends[0]), shareBetweenTabs(other, ends[1])]
  await once(other, 'change')
  hasura.seen = []
  return { session, events, other, leave: () => leave.forEach((tab) => tab()) }
}

/** A third page. `settle` waits until both tabs have answered, and so have heard what was said before; with the news until then. */
function listen() {
  const channel = new BroadcastChannel('test')
  channel.settle = () =>
    new Promise((resolve) => {
      const [news, answers] = [[], []]
      channel.onmessage = ({ data }) => {
        if (data.replaces) news.push(data)
        else if (answers.push(data) === 2) resolve(news)
      }
      channel.postMessage({ isNew: true })
    })
  return channel
}

test('a new tab joins the session, and hears of new tokens and of the end', async () => {
  const { session, other, leave } = await twoTabs()
  assert.deepEqual(other.tokens, session.tokens)
  const listener = listen()
  const heard = once(other, 'change')
  await session.restore()
  await heard
  assert.deepEqual(other.tokens, session.tokens)
  assert.equal((await listener.settle()).length, 1) // what was heard is not said again
  const over = once(session, 'over')
  await other.logOut()
  await over
  assert.equal(session.tokens, null)
  listener.close()
  leave()
})

test('tabs that restore at once both go on, with the same refresh token', async () => {
  const { session, other, leave } = await twoTabs()
  await Promise.all([session.restore(), other.restore()])
  assert.deepEqual([session.tokens.refreshToken, other.tokens.refreshToken], ['r1', 'r1'])
  await other.restore()
  assert.equal(other.tokens.refreshToken, 'r2')
  leave()
})

test('old news turns no tab back', async () => {
  const { session, other, leave } = await twoTabs()
  await other.restore()
  await once(session, 'change')
  await session.restore()
  await once(other, 'change')
  const messenger = listen()
  messenger.postMessage({ tokens: hasura.tokens(1), replaces: 'r0' })
  await messenger.settle()
  assert.deepEqual([session.tokens.refreshToken, other.tokens.refreshToken], ['r2', 'r2'])
  messenger.close()
  leave()
})
