// What an access token says. It is read, not checked: whoever trusts it is the engine, and it checks.

export interface Claims {
  sub: string
  exp: number
  iat: number
  jti?: string
  [name: string]: unknown
}

export const NAMESPACE = 'https://hasura.io/jwt/claims'

/** The service dates tokens back by so much, for engines whose clock is behind. */
const DATED_BACK = 5

export function read(token: string): Claims {
  const [, payload = ''] = token.split('.')
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims
}

/** A claim of Hasura's, such as `x-hasura-address`. */
export function hasura(claims: Claims, name: string): unknown {
  return (claims[NAMESPACE] as Record<string, unknown> | undefined)?.[name]
}

export function text(claims: Claims, name: string): string | null {
  const value = hasura(claims, name)
  return typeof value === 'string' ? value : null
}

export function roles(claims: Claims): string[] {
  const value = hasura(claims, 'x-hasura-allowed-roles')
  return Array.isArray(value) ? value.filter((role) => typeof role === 'string') : []
}

/** How long the token lives from when it was issued, in milliseconds. */
export function lifetime(claims: Claims): number {
  return (claims.exp - claims.iat - DATED_BACK) * 1000
}

/** When it was issued, by the server's clock. */
export function issuedAt(claims: Claims): number {
  return (claims.iat + DATED_BACK) * 1000
}
