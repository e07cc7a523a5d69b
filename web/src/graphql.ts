// One request to the engine: sent, timed, and read as an answer or as a refusal.
//
// It knows no session: whoever calls gives the headers.
import { Refusal } from './refusals.ts'

export interface Request {
  query: string
  variables?: unknown
}

export interface Answer {
  status: number
  /** What was answered, as it was written. */
  text: string
  /** The same as JSON; `undefined` when it is none. */
  body: unknown
  milliseconds: number
}

const PATIENCE = 30_000

/**
 * Throws a `Refusal` only when there was no answer at all. `cookies` is for the log-in and what renews or ends it: where the
 * operator keeps refresh tokens in cookies (REFRESH_COOKIE=on), the browser has them and this page never sees one.
 */
export async function send(endpoint: string, request: Request, headers: Record<string, string>, cookies = false): Promise<Answer> {
  const begun = performance.now()
  let status: number
  let text: string
  try {
    const reply = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(request),
      credentials: cookies ? 'include' : 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE),
    })
    status = reply.status
    text = await reply.text()
  } catch (error) {
    throw new Refusal('no-answer', error instanceof Error ? error.message : String(error))
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return { status, text, body, milliseconds: Math.round(performance.now() - begun) }
}

/** What refuses this answer, if anything does. */
export function refusalOf(answer: Answer): Refusal | null {
  const body = answer.body as { errors?: { message?: unknown; extensions?: { code?: unknown } }[] } | undefined
  const first = body?.errors?.[0]
  if (first) {
    const code = typeof first.extensions?.code === 'string' ? first.extensions.code : 'unexpected'
    return new Refusal(code, typeof first.message === 'string' ? first.message : '')
  }
  if (body && 'data' in body) return null
  if (answer.status === 413) return new Refusal('payload_too_large', 'the request is larger than the proxy takes')
  return new Refusal('no-graphql', `HTTP status ${answer.status}, and no GraphQL in it`)
}

/** The data of an answer, or its refusal as an exception. */
export function dataOf<T>(answer: Answer): T {
  const refusal = refusalOf(answer)
  if (refusal) throw refusal
  return (answer.body as { data: T }).data
}
