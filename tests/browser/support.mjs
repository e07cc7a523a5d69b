// A browser, wallets in it, and what the page must never do. Debian's Chromium runs through playwright-core; the wallets are
// viem's, behind an EIP-1193 provider that announces itself (EIP-6963) or sits in window.ethereum.
//
// WEB_BASE is where the page answers, WEB_PROGRAM the program, and DATABASE_URL its database, for what an operator does.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chromium } from 'playwright-core'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'

export const base = process.env.WEB_BASE
assert.ok(base && process.env.WEB_PROGRAM && process.env.DATABASE_URL, 'run through tests/it/web.rs, or set WEB_BASE, WEB_PROGRAM and DATABASE_URL')

export const PASSWORD = 'correct horse battery staple'
/** Shown as the wallet's picture. */
export const ICON = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#c2410c"/></svg>')

/** What can be pressed and was seen, and what was pressed: at the end nothing may be left over. */
export const seen = new Set()
export const pressed = new Set()

let browser
export async function start() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A name that nobody listed as an origin, for the page as a stranger's.
      '--host-resolver-rules=MAP unlisted.test 127.0.0.1',
    ],
  })
  return browser
}

export async function stop() {
  await browser?.close()
}

/** An operator's command. */
export function operator(...command) {
  return execFileSync(process.env.WEB_PROGRAM, command, { encoding: 'utf8', env: { PATH: process.env.PATH, DATABASE_URL: process.env.DATABASE_URL } })
}

/**
 * A wallet for the browser. `fails` maps a method to the error that it answers, `answers` to what it answers instead;
 * both may be changed while the page is open. `asked` are the calls that reached it.
 */
export function wallet({ name = 'Fox', maker = 'test.wallets', announced = true, injected = false, icon = ICON, key = generatePrivateKey(), ...more } = {}) {
  const account = privateKeyToAccount(key)
  return { id: crypto.randomUUID(), name, maker, announced, injected, icon, account, address: account.address, chain: 1, fails: {}, answers: {}, asked: [], ...more }
}

async function answer(one, method, params) {
  one.asked.push({ method, params })
  if (one.fails[method]) return { error: one.fails[method] }
  if (method in one.answers) return { result: one.answers[method] }
  switch (method) {
    case 'eth_requestAccounts':
    case 'eth_accounts':
      return { result: [one.address] }
    case 'eth_chainId':
      return { result: `0x${one.chain.toString(16)}` }
    case 'wallet_switchEthereumChain':
      one.chain = Number(params[0].chainId)
      return { result: null }
    case 'personal_sign':
      return { result: await one.account.signMessage({ message: { raw: params[0] } }) }
    default:
      return { error: { code: 4200, message: `no ${method}` } }
  }
}

/** Runs in the page before its own scripts: wallets, a clock that can be set ahead, and eyes on what goes wrong. */
function prepare(wallets) {
  const now = Date.now.bind(Date)
  window.ahead = 0
  Date.now = () => now() + window.ahead
  document.addEventListener('securitypolicyviolation', (event) => window.tellFault(`policy: ${event.violatedDirective} ${event.blockedURI}`))
  const note = (event) => {
    const named = event.target instanceof Element ? event.target.closest('[data-does]') : null
    if (named && !(event.type === 'click' && named.localName === 'select')) window.tellPressed(named.dataset.does)
  }
  document.addEventListener('click', note, true)
  document.addEventListener('change', note, true)
  window.addWallet = (one) => {
    const provider = {
      async request({ method, params }) {
        const reply = await window.askWallet(one.id, method, params ?? [])
        if (reply.error) throw Object.assign(new Error(reply.error.message), reply.error)
        return reply.result
      },
    }
    if (one.injected) window.ethereum = provider
    if (!one.announced) return
    const info = Object.freeze({ uuid: one.id, name: one.name, icon: one.icon, rdns: one.maker })
    const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }))
    window.addEventListener('eip6963:requestProvider', announce)
    announce()
  }
  wallets.forEach(window.addWallet)
}

/** A browser profile of its own with these wallets. `expected` are faults that the test provokes. */
export async function profile({ wallets = [wallet()], expected = null, options = {} } = {}) {
  const context = await (await start()).newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options })
  context.setDefaultTimeout(15_000)
  const faults = []
  const requests = []
  await context.exposeBinding('askWallet', (_, id, method, params) => answer(wallets.find((one) => one.id === id), method, params))
  await context.exposeBinding('tellFault', (_, fault) => void faults.push(fault))
  await context.exposeBinding('tellPressed', (_, does) => void pressed.add(does))
  const plain = ({ id, name, maker, announced, injected, icon }) => ({ id, name, maker, announced, injected, icon })
  await context.addInitScript(prepare, wallets.map(plain))
  context.on('request', (request) => requests.push(request))
  const self = {
    context,
    wallets,
    faults,
    requests,
    /** Opens the page in a tab. */
    async open(path = '/', host = base) {
      const page = await context.newPage()
      page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
      page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`))
      await page.goto(host + path)
      await page.locator('.place:visible').first().waitFor()
      return page
    },
    /** The GraphQL requests so far, as { operation, authorization, role }. */
    calls() {
      return requests
        .filter((request) => request.url().endsWith('/v1/graphql') && request.method() === 'POST')
        .map((request) => ({ query: request.postDataJSON().query, headers: request.headers(), variables: request.postDataJSON().variables }))
    },
    addWallet(page, one) {
      wallets.push(one)
      return page.evaluate((added) => window.addWallet(added), plain(one))
    },
    /** What must hold after every test, whatever it did; then the profile is thrown away. */
    async close() {
      for (const page of context.pages()) {
        const visible = await page.evaluate(() => [...document.querySelectorAll('[data-does]')].filter((one) => one.checkVisibility()).map((one) => one.dataset.does))
        visible.forEach((does) => seen.add(does))
        const kept = await page.evaluate(async () => [...Object.entries(localStorage), ...Object.entries(sessionStorage), document.cookie, ...(window.isSecureContext ? await indexedDB.databases() : []), ...('caches' in window ? await caches.keys() : [])].filter((one) => one.length !== 0))
        assert.deepEqual(kept, [], 'nothing is kept in the browser')
        const shown = `${page.url()} ${await page.evaluate(() => document.documentElement.outerHTML)}`
        assert.doesNotMatch(shown, /eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'no token stands in the page')
      }
      assert.deepEqual(await context.cookies(), [], 'no cookie')
      const strangers = requests.map((request) => new URL(request.url())).filter((url) => url.protocol !== 'data:' && url.port !== new URL(base).port)
      assert.deepEqual(strangers.map(String), [], 'nothing is asked of anybody else')
      await context.close()
      const surprising = faults.filter((fault) => !expected?.test(fault))
      assert.deepEqual(surprising, [], 'no error and no violation of the policy')
    },
  }
  return self
}

/** A test in a profile of its own, which is looked through afterwards. */
export function within(options, act) {
  return async () => {
    const own = await profile(typeof options === 'function' ? options() : options)
    let passed = false
    try {
      await act(own)
      passed = true
    } finally {
      if (passed) await own.close()
      else await own.context.close()
    }
  }
}

export const press = (page, name) => page.getByRole('button', { name, exact: true }).click()

/** Waits for the refusal with this code, and returns its words. */
export async function refusal(page, code) {
  const box = page.locator(`.said.refused[data-code="${code}"]:visible`).first()
  await box.waitFor()
  return box.innerText()
}

/** Signs in with the first wallet, and waits for the session. */
export async function signIn(page, name = 'Fox') {
  await press(page, `Sign in with ${name}`)
  await signedIn(page)
}

export async function signedIn(page) {
  await page.getByRole('heading', { name: 'You are signed in', exact: true }).waitFor()
  await page.locator('.own-sessions tbody tr').first().waitFor()
}

export async function signedOut(page) {
  await page.getByRole('heading', { name: 'Sign in with your wallet' }).waitFor()
}

/** Lets the page believe that so many milliseconds have gone by. */
export const goAhead = (page, milliseconds) => page.evaluate((by) => void (window.ahead += by), milliseconds)

/** A GraphQL request from outside of the browser. */
export async function ask(query, variables = {}, headers = {}) {
  const reply = await fetch(`${base}/v1/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }) })
  return reply.json()
}

/** A name that nobody has. */
export const fresh = (prefix) => `${prefix}-${Math.random().toString(36).slice(2, 10)}`
