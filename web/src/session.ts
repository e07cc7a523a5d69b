// The session of this tab: its two tokens, how they are renewed, and what the other tabs hear of it.
//
// Tokens live in this object and nowhere else: no storage, and no cookie but where the operator chose one for refresh tokens. A second tab asks the first one for the session, and
// each restore is told to all, because a refresh token is good once: two tabs that restored apart from each other would
// end the session for both. For the same reason a restore runs under a lock that the tabs share, and once at a time.
import { send, dataOf, refusalOf } from './graphql.ts'
import type { Answer, Request } from './graphql.ts'
import * as claims from './claims.ts'
import { Refusal } from './refusals.ts'

export type Flow = 'siwe' | 'email' | 'username'

export interface Session {
  id: string
  flow: Flow
  accessToken: string
  /** Null where the browser has it in a cookie. */
  refreshToken: string | null
  claims: claims.Claims
  /** When the access token ends, by this device's clock, however wrong that is. */
  endsAt: number
  /** By how much this device's clock is ahead of the server's. */
  skew: number
  /** How often it was restored: of two copies the one with more is the newer. */
  generation: number
}

export interface Tokens {
  accessToken: string
  refreshToken?: string | null
}

type Told =
  | { kind: 'who' }
  | { kind: 'newer'; id: string; than: number }
  | { kind: 'here' | 'next'; session: Session }
  | { kind: 'over'; id: string }

/** Why nobody is signed in any more. */
export type Ending = { by: 'you' | 'another tab' | 'deletion' } | { by: 'refusal'; refusal: Refusal }

/** A token that ends within this time is taken for ended: the request has a way to go. */
const MARGIN = 5_000
/** How long other tabs have to answer. */
const HEARING = 120
/** After these there is nothing left to restore. */
const FINAL = ['refresh_token_invalid', 'session_ended', 'account_disabled', 'token_invalid']

export class Sessions {
  current: Session | null = null
  #restoring: Promise<Session> | null = null
  readonly #channel = 'BroadcastChannel' in window ? new BroadcastChannel('hasura-siwe') : null
  /** Whether a session of another tab is welcome: until somebody signs in or out here. */
  #open = true

  constructor(
    readonly endpoint: string,
    private readonly changed: (session: Session | null, ending: Ending | null) => void,
  ) {
    this.#channel?.addEventListener('message', (event: MessageEvent<Told>) => this.#hear(event.data))
    this.#tell({ kind: 'who' })
  }

  /** As a guest: without any header, whoever is signed in. */
  guest(request: Request): Promise<Answer> {
    return send(this.endpoint, request, {})
  }

  /** The same for what a cookie may come from or go to: log-in and restore. */
  guestWithCookies(request: Request): Promise<Answer> {
    return send(this.endpoint, request, {}, true)
  }

  /** With the access token, which is restored before when it is over. The answer as it is, refusals too. */
  async raw(request: Request, headers: Record<string, string> = {}, cookies = false): Promise<Answer> {
    const token = await this.#freshToken()
    return send(this.endpoint, request, { ...headers, authorization: `Bearer ${token}` }, cookies)
  }

  /** The data of an answer to whoever is signed in, in their default role or in `role`. */
  async ask<T>(request: Request, role?: string, cookies = false): Promise<T> {
    const headers: Record<string, string> = role ? { 'x-hasura-role': role } : {}
    const used = this.current
    let answer = await this.raw(request, headers, cookies)
    const refusal = refusalOf(answer)
    if (refusal && isOfToken(refusal)) {
      // It ended earlier than this device's clock says; one restore tells whether the session lives.
      if (this.current && this.current.accessToken === used?.accessToken) await this.restore()
      answer = await this.raw(request, headers, cookies)
    }
    return this.#last<T>(answer)
  }

  /** Signed in: these tokens are the session from now on. */
  adopt(flow: Flow, tokens: Tokens): void {
    this.#set(made(flow, tokens, 0), null)
  }

  /** The next pair of tokens, of which the tabs and everybody who waits get the same. */
  restore(): Promise<Session> {
    this.#restoring ??= this.#underLock().finally(() => {
      this.#restoring = null
    })
    return this.#restoring
  }

  /** The session is over, here and in the tabs that share it. */
  end(ending: Ending): void {
    const { current } = this
    if (!current) return
    this.#tell({ kind: 'over', id: current.id })
    this.#set(null, ending)
  }

  async #freshToken(): Promise<string> {
    const { current } = this
    if (!current) throw new Refusal('session_ended', 'nobody is signed in')
    if (current.endsAt - MARGIN > Date.now()) return current.accessToken
    return (await this.restore()).accessToken
  }

  #last<T>(answer: Answer): T {
    const refusal = refusalOf(answer)
    if (refusal && (refusal.code === 'session_ended' || refusal.code === 'account_disabled')) this.end({ by: 'refusal', refusal })
    return dataOf<T>(answer)
  }

  async #underLock(): Promise<Session> {
    const before = this.current
    if (!before) throw new Refusal('session_ended', 'nobody is signed in')
    const run = () => this.#restoreOnce(before)
    // Only a page over https or of this machine has locks; without one the service's grace time forgives a race.
    return navigator.locks ? navigator.locks.request(`hasura-siwe ${before.id}`, run) : run()
  }

  async #restoreOnce(before: Session): Promise<Session> {
    this.#tell({ kind: 'newer', id: before.id, than: before.generation })
    if (this.#channel) await new Promise((done) => setTimeout(done, HEARING))
    const { current } = this
    if (!current || current.id !== before.id) throw new Refusal('session_ended', 'it ended while it was restored')
    if (current.generation > before.generation) return current
    try {
      // Without a header: Hasura refuses an expired token even where a guest may call.
      const tokens = await RESTORES[current.flow](current.refreshToken, async (request) => dataOf(await this.guestWithCookies(request)))
      const next = made(current.flow, tokens, current.generation + 1)
      this.#set(next, null)
      this.#tell({ kind: 'next', session: next })
      return next
    } catch (error) {
      if (error instanceof Refusal && FINAL.includes(error.code)) this.end({ by: 'refusal', refusal: error })
      throw error
    }
  }

  #set(session: Session | null, ending: Ending | null): void {
    this.#open = false
    this.current = session
    this.changed(session, ending)
  }

  #tell(told: Told): void {
    this.#channel?.postMessage(told)
  }

  #hear(told: Told): void {
    const { current } = this
    switch (told.kind) {
      case 'who':
        if (current) this.#tell({ kind: 'here', session: current })
        break
      case 'newer':
        if (current?.id === told.id && current.generation > told.than) this.#tell({ kind: 'next', session: current })
        break
      case 'here':
        if (!current && this.#open) this.#set(told.session, null)
        break
      case 'next':
        if (current?.id === told.session.id && told.session.generation > current.generation) this.#set(told.session, null)
        break
      case 'over':
        if (current?.id === told.id) this.#set(null, { by: 'another tab' })
        break
    }
  }
}

/** Each flow has its own way to the next tokens, and none takes another's. */
const RESTORES: Record<Flow, (token: string | null, ask: (request: Request) => Promise<unknown>) => Promise<Tokens>> = {
  async siwe(refreshToken, ask) {
    const query = 'mutation ($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res success } }'
    const data = (await ask({ query, variables: { session: refreshToken === null ? {} : { refreshToken } } })) as { v1RestoreSession: { res: Tokens } }
    return data.v1RestoreSession.res
  },
  async email(refreshToken, ask) {
    const query = 'mutation ($token: String!) { refreshToken(refreshToken: $token) { access_token refresh_token } }'
    const data = (await ask({ query, variables: { token: refreshToken } })) as {
      refreshToken: { access_token: string; refresh_token: string }
    }
    return { accessToken: data.refreshToken.access_token, refreshToken: data.refreshToken.refresh_token }
  },
  async username(token, ask) {
    const query = 'mutation ($token: String!) { refreshToken(token: $token) { token refreshExpiresIn } }'
    const data = (await ask({ query, variables: { token } })) as { refreshToken: { token: string } }
    return { accessToken: data.refreshToken.token, refreshToken: data.refreshToken.token }
  },
}

function made(flow: Flow, tokens: Tokens, generation: number): Session {
  const read = claims.read(tokens.accessToken)
  const now = Date.now()
  return {
    id: claims.text(read, 'x-hasura-session-id') ?? read.sub,
    flow,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? null,
    claims: read,
    endsAt: now + claims.lifetime(read),
    skew: now - claims.issuedAt(read),
    generation,
  }
}

/** Whether it was the token that was refused. `access-denied` may also mean the role, and then one restore does no harm. */
function isOfToken(refusal: Refusal): boolean {
  return ['invalid-jwt', 'token_invalid', 'access-denied'].includes(refusal.code)
}
