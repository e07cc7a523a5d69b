// The page: its parts, which of them is shown, and who is signed in. What each part does is its own.
import { avatar } from './avatar.ts'
import * as claims from './claims.ts'
import { add, fill, h, svg } from './dom.ts'
import { refused } from './outcome.ts'
import type { Page, Part } from './page.ts'
import { Refusal } from './refusals.ts'
import { Sessions } from './session.ts'
import type { Ending, Session } from './session.ts'
import { load } from './settings.ts'
import { announceTestWallet } from './test-wallet.ts'
import { adminPart } from './views/admin.ts'
import { consolePart } from './views/console.ts'
import { sessionPart } from './views/session.ts'
import { signInPart } from './views/sign-in.ts'
import type { SignIn } from './views/sign-in.ts'
import { Wallets } from './wallets.ts'

type Place = 'session' | 'console' | 'admin'

const content = part('content')
const top = part('top')
const foot = part('foot')

function part(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`index.html has no #${id}`)
  return found
}

const places: Record<Place, HTMLElement> = { session: place('session'), console: place('console'), admin: place('admin') }
const links: Record<Place, HTMLAnchorElement> = { session: link('session', 'Sign in'), console: link('console', 'Console'), admin: link('admin', 'Admin') }
const badge = h('p', { class: 'badge' })
const spoken = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' })

function place(name: Place): HTMLElement {
  return h('div', { class: 'place', id: name, tabindex: -1 })
}

function link(name: Place, text: string): HTMLAnchorElement {
  return h('a', { href: `#${name}`, 'data-does': `go-${name}` }, text)
}

async function start(): Promise<void> {
  const mark = svg('svg', { viewBox: '0 0 32 32', class: 'mark', 'aria-hidden': 'true' }, svg('path', { d: 'M16 5l7 11-7 4-7-4z' }), svg('path', { d: 'M9.6 18.3L16 27l6.4-8.7L16 22z', opacity: '.75' }))
  add(top, h('h1', {}, mark, 'hasura-siwe'), h('nav', { 'aria-label': 'Parts of this page' }, ...Object.values(links)), badge)
  let settings
  try {
    settings = await load()
  } catch (error) {
    add(content, refused(new Refusal('no-settings', error instanceof Error ? error.message : '')))
    return
  }
  add(foot, h('p', {}, `hasura-siwe ${settings.version}. Tokens stay in this page’s memory and are gone with it.`))
  if (settings.testWallet) announceTestWallet()

  let shown: Part | null = null
  let signedOut: SignIn | null = null
  let before: Session | null = null
  const wallets = new Wallets(() => signedOut?.found())
  const sessions = new Sessions(settings.graphql, (session, ending) => draw(session, ending))
  const page: Page = { settings, sessions, wallets }
  const panel = consolePart(page)
  add(places.console, panel.element)
  add(content, places.session, places.console, places.admin, spoken)

  function draw(session: Session | null, ending: Ending | null): void {
    const same = session !== null && before?.id === session.id
    const mayAdmin = session !== null && claims.roles(session.claims).includes('admin')
    const couldAdmin = before !== null && claims.roles(before.claims).includes('admin')
    const first = before === null && session === null && ending === null
    before = session
    panel.changed(session)
    if (same && shown) shown.renewed?.(session)
    else {
      signedOut = session ? null : signInPart(page, ending)
      shown = signedOut ?? sessionPart(page, session as Session)
      fill(places.session, shown.element)
    }
    if (!same || mayAdmin !== couldAdmin) places.admin.replaceChildren()
    links.session.textContent = session ? 'Session' : 'Sign in'
    links.admin.hidden = !mayAdmin
    fill(badge, ...nameplate(session))
    if (!first && !same) {
      // Where somebody signed in or out, what they pressed is gone: the keyboard goes to what came in its place.
      const console = window.location.hash === '#console'
      spoken.textContent = session ? 'You are signed in.' : 'You are signed out.'
      if (!console) {
        show('session')
        places.session.focus({ preventScroll: true })
      }
    }
    if (!mayAdmin && window.location.hash === '#admin') show('session')
    turn()
  }

  /** Shows the part that the address names. The admin's asks the engine only when somebody looks. */
  function turn(): void {
    const named = window.location.hash.slice(1) as Place
    if (named in places) opened = named
    if (links[opened].hidden) opened = 'session'
    for (const name of Object.keys(places) as Place[]) {
      places[name].hidden = name !== opened
      if (name === opened) links[name].setAttribute('aria-current', 'page')
      else links[name].removeAttribute('aria-current')
    }
    if (opened === 'admin' && !places.admin.hasChildNodes()) add(places.admin, adminPart(page))
    document.title = `${links[opened].textContent} · hasura-siwe`
  }

  let opened: Place = 'session'
  window.addEventListener('hashchange', turn)
  draw(null, null)
}

function nameplate(session: Session | null): (Node | string)[] {
  if (!session) return [h('span', { class: 'chip' }, 'guest')]
  const address = claims.text(session.claims, 'x-hasura-address')
  const name = address ? `${address.slice(0, 6)}…${address.slice(-4)}` : 'user'
  return [avatar(address ?? session.claims.sub), h('code', {}, name)]
}

function show(name: Place): void {
  if (window.location.hash !== `#${name}`) window.history.replaceState(null, '', `#${name}`)
}

void start()
