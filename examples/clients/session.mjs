// @ts-check
// A session with hasura-siwe, for any GraphQL client that takes a `fetch` of yours. Copy it into your app; it needs nothing.
//
//   const session = new Session('https://api.example.com/v1/graphql')
//   await session.logIn({ message, signature })
//   const client = new GraphQLClient(url, { fetch: session.fetch })
//
// It keeps the tokens in memory and nowhere else: what lies in localStorage, every script that ever gets into the page can read.
// So a reload signs out, unless another tab hands the session on (tabs.mjs) or the service keeps it in a cookie that no script reads
// (REFRESH_COOKIE=on): then say new Session(url, { cookie: true }), and restore() when the page loads.

/** @typedef {{ accessToken: string, refreshToken?: string, staleAt?: number }} Tokens the refresh token may be in the cookie */

const LOG_IN = 'mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res success } }'
const RESTORE = 'mutation v1RestoreSession($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res success } }'
// Hasura refuses a stale token even where a guest may call, so these never carry one. A nonce for another purpose than signing in,
// v1Nonce with an argument, belongs to the session and does.
const WITHOUT_TOKEN = /\bv1(Login|RestoreSession)\b|\bv1Nonce\b(?!\s*\()/
// How Hasura refuses a token: in JWT mode, in webhook mode.
const REFUSED = ['invalid-jwt', 'access-denied']
// Nothing but a new log-in helps.
const OVER = ['refresh_token_invalid', 'session_ended']
// A token is replaced so many milliseconds before its end: a request may be on its way for a while.
const MARGIN = 30_000

/** What was refused. Decide by `code`; the message is for people. */
export class Refusal extends Error {
  /** @param {{ message: string, extensions?: { code?: string } }} error of an answer */
  constructor({ message, extensions }) {
    super(message)
    this.code = extensions?.code ?? ''
  }
}

/** Fires `change` with each new pair of tokens, and `over` when the session has ended. */
export class Session extends EventTarget {
  /** @type {Tokens | null} */
  #tokens = null
  /** @type {Promise<void> | null} */
  #restoring = null
  #url
  #cookie

  /** @param {string} url of /v1/graphql */
  constructor(url, { cookie = false } = {}) {
    super()
    this.#url = url
    this.#cookie = cookie
  }

  /** For what hands them to another tab. Null where nobody is signed in. */
  get tokens() {
    return this.#tokens
  }

  /** A nonce for a message that signs in. @returns {Promise<string>} */
  async nonce() {
    return (await this.request('query { v1Nonce { res } }')).v1Nonce.res.nonce
  }

  /**
   * A nonce for a message of one other purpose, such as 'delete-account', and the statement that the message must carry.
   * @param {string} purpose
   * @returns {Promise<{ nonce: string, statement: string }>}
   */
  async nonceFor(purpose) {
    return (await this.request('query ($purpose: String) { v1Nonce(purpose: $purpose) { res } }', { purpose })).v1Nonce.res
  }

  /** @param {{ message: string, signature: string }} signed */
  async logIn(signed) {
    this.adopt((await this.request(LOG_IN, { session: signed })).v1Login.res)
  }

  /** Ends the session here in any case, and on the server unless this throws. */
  async logOut() {
    try {
      if (this.#tokens) await this.request('mutation { v1Logout { res } }')
    } catch (error) {
      if (!(error instanceof Refusal && OVER.includes(error.code))) throw error
    } finally {
      this.end('signed_out')
    }
  }

  /** Gets new tokens. Whoever calls while that is under way waits for the same answer. */
  restore() {
    this.#restoring ??= this.#restore().finally(() => (this.#restoring = null))
    return this.#restoring
  }

  async #restore() {
    const before = this.#tokens
    if (!before && !this.#cookie) throw new Refusal({ message: 'nobody is signed in' })
    // What became of the session meanwhile counts more: another tab was faster, or somebody signed out.
    const isCurrent = () => !this.#tokens === !before && this.#tokens?.refreshToken === before?.refreshToken
    const send = () => this.request(RESTORE, { session: { refreshToken: before?.refreshToken } })
    try {
      // An answer that was lost may have spent the token. The same one sent again at once gets the same answer; in a minute it
      // would end the session.
      const data = await send().catch((error) => (error instanceof Refusal ? Promise.reject(error) : send()))
      if (isCurrent()) this.adopt(data.v1RestoreSession.res)
    } catch (error) {
      if (error instanceof Refusal && OVER.includes(error.code) && isCurrent()) this.end(error.code)
      throw error
    }
  }

  /** Takes tokens that came another way: from a v1Login that your client sent, from another tab. @param {Tokens} tokens */
  adopt({ accessToken, refreshToken, staleAt = staleSince(accessToken) }) {
    const replaces = this.#tokens?.refreshToken
    this.#tokens = { accessToken, refreshToken, staleAt }
    this.dispatchEvent(new CustomEvent('change', { detail: { tokens: this.#tokens, replaces } }))
  }

  /** Forgets the tokens. @param {string} reason `signed_out`, or the code of the refusal */
  end(reason) {
    if (!this.#tokens) return
    const replaces = this.#tokens.refreshToken
    this.#tokens = null
    this.dispatchEvent(new CustomEvent('over', { detail: { reason, replaces } }))
  }

  /** `fetch` for your client, as whoever is signed in. @type {typeof globalThis.fetch} */
  fetch = async (input, init = {}) => {
    const send = (/** @type {string | undefined} */ token) => {
      const headers = new Headers(init.headers)
      headers.delete('authorization') // whoever put it there: it may be stale
      if (token) headers.set('authorization', `Bearer ${token}`)
      return fetch(input, { ...(this.#cookie && { credentials: 'include' }), ...init, headers })
    }
    if (!this.#tokens || WITHOUT_TOKEN.test(documentOf(init.body))) return send(undefined)
    if (this.#restoring || Date.now() >= (this.#tokens.staleAt ?? 0)) await this.restore()
    const used = this.#tokens?.accessToken
    const reply = await send(used)
    const code = await codeOf(reply)
    const isCurrent = () => used !== undefined && this.#tokens?.accessToken === used
    if (code === 'session_ended' && isCurrent()) this.end(code)
    if (!used || !REFUSED.includes(code)) return reply
    // Nothing of it was executed, so it may be sent again. Another request may have got new tokens meanwhile.
    if (isCurrent()) await this.restore()
    return send(this.#tokens?.accessToken)
  }

  /** A GraphQL request, for what needs no client. @param {string} query @param {object} [variables] @returns {Promise<any>} */
  async request(query, variables) {
    const body = JSON.stringify({ query, variables })
    const reply = await this.fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { data, errors } = await reply.json()
    if (errors) throw new Refusal(errors[0])
    return data
  }
}

// When a token that has just come is to be replaced, by this machine's clock. Of its times, which are the server's, only the span
// between them is used: so a clock that is wrong does no harm.
function staleSince(/** @type {string} */ accessToken) {
  try {
    const [, claims = ''] = accessToken.split('.')
    const { iat, exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')))
    const life = (exp - iat) * 1000
    return Date.now() + life - Math.min(MARGIN, life / 2)
  } catch {
    return Infinity // it cannot be read: Hasura will say when it does not take it any more
  }
}

// The GraphQL text of a request; not its variables, which may hold anything.
function documentOf(/** @type {unknown} */ body) {
  try {
    return String(JSON.parse(String(body)).query)
  } catch {
    return ''
  }
}

// The code of a refusal, or nothing.
async function codeOf(/** @type {Response} */ reply) {
  const body = await reply.clone().json().catch(() => null)
  return String(body?.errors?.[0]?.extensions?.code ?? '')
}
