// session.mjs of the examples in a page whose refresh token is a cookie: `fetch` has the page's origin and keeps cookies, as in a
// browser. Prints what the page would see.
import { Session } from './session.mjs'
import { GRAPHQL, signIn } from './stand-in.mjs'

let jar = ''
const withoutCookies = globalThis.fetch
globalThis.fetch = async (url, init) => {
  const headers = new Headers(init.headers)
  headers.set('origin', location.origin)
  if (init.credentials !== 'include') return withoutCookies(url, { ...init, headers })
  if (jar) headers.set('cookie', jar)
  const reply = await withoutCookies(url, { ...init, headers })
  for (const cookie of reply.headers.getSetCookie()) jar = cookie.includes('Max-Age=0') ? '' : cookie.split(';')[0]
  return reply
}
const open = () => new Session(GRAPHQL, { cookie: true })
const sessions = async (page) => (await page.request('{ v1Sessions { res } }')).v1Sessions.res.sessions.length

const first = open()
await first.restore().catch((error) => console.log('before:', error.code))
await signIn(first)
console.log('signed in:', Object.keys(JSON.parse(JSON.stringify(first.tokens))).join(' '), jar.split('=')[0])

const reloaded = open()
await reloaded.restore()
console.log('reloaded:', await sessions(reloaded))

// Both pages find their token refused, and restore at once.
for (const page of [first, reloaded]) page.adopt({ accessToken: `${page.tokens.accessToken}x` })
console.log('two pages:', await Promise.all([sessions(first), sessions(reloaded)]))

await reloaded.logOut()
console.log('signed out:', jar === '')
await open().restore().catch((error) => console.log('after:', error.code))
