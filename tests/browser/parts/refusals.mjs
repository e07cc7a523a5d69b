// Every code of docs/errors.md has words, and the page shows them; and so has what is refused before any service is reached.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { press, refusal, within } from '../support.mjs'

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
/** The first cells of its tables; and the one that only its prose has. */
const ALL = [...new Set([...read('docs/errors.md').matchAll(/^\| `([a-z_-]+)` \|/gm)].map((match) => match[1])), 'not-supported']
const OURS = [...read('web/src/refusals.ts').matchAll(/^ {2}'?([\w-]+)'?: \{ what: /gm)].map((match) => match[1])

test('the table of words has every code of docs/errors.md', () => {
  assert.ok(ALL.length > 35, ALL.join(' '))
  assert.deepEqual(ALL.filter((code) => !OURS.includes(code)), [])
})

test('the table of words has no code that nobody sends', () => {
  const source = ['graphql', 'main', 'outcome', 'session', 'siwe', 'wallets', 'views/console', 'views/session', 'views/accounts', 'views/ways-in', 'views/sign-in'].map((name) => read(`web/src/${name}.ts`)).join('\n')
  assert.deepEqual(OURS.filter((code) => !ALL.includes(code) && !source.includes(`'${code}'`)), [])
})

test('the page says each of them in words of its own, with the sentence of the service', within({}, async ({ open }) => {
  const page = await open()
  let code
  await page.route('**/v1/graphql', (route) => {
    if (!route.request().postData().includes('v1Login')) return route.continue()
    return route.fulfill({ json: { errors: [{ message: `the sentence of ${code}`, extensions: { code } }] } })
  })
  const told = new Set()
  for (code of ALL) {
    await press(page, 'Sign in with Fox')
    const text = await refusal(page, code)
    assert.ok(text.includes(`the sentence of ${code}`), text)
    told.add(text.split('\n')[0])
  }
  assert.equal(told.size, ALL.length)
}))

test('a code that is newer than the page is shown with its sentence', within({}, async ({ open }) => {
  const page = await open()
  await page.route('**/v1/graphql', (route) => (route.request().postData().includes('v1Login') ? route.fulfill({ json: { errors: [{ message: 'of tomorrow', extensions: { code: 'brand_new' } }] } }) : route.continue()))
  await press(page, 'Sign in with Fox')
  assert.match(await refusal(page, 'brand_new'), /of tomorrow/)
}))

test('a server that is gone and one that is something else are told apart', within({ expected: /Failed to load|ERR_/ }, async ({ open }) => {
  const page = await open()
  await page.route('**/v1/graphql', (route) => route.abort('connectionrefused'))
  await press(page, 'Sign in with Fox')
  await refusal(page, 'no-answer')
  await page.unroute('**/v1/graphql')
  await page.route('**/v1/graphql', (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }))
  await press(page, 'Sign in with Fox')
  assert.match(await refusal(page, 'no-graphql'), /502/)
}))

test('without its settings the page says what to do', within({ expected: /Failed to load/ }, async ({ context }) => {
  await context.route('**/web.json', (route) => route.fulfill({ status: 503, body: '' }))
  const page = await context.newPage()
  await page.goto(process.env.WEB_BASE)
  assert.match(await refusal(page, 'no-settings'), /load the page again/)
}))
