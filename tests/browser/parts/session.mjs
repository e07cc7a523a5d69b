// The session: what is shown of it, how it is renewed, and how it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goAhead, operator, press, profile, refusal, signIn, signedOut, within } from '../support.mjs'

const HOUR = 3_600_000
const of = (calls, name) => calls.filter((call) => call.query.includes(name))

test('a restore gives two new tokens and sends no header', within({}, async ({ open, calls }) => {
  const page = await open()
  await signIn(page)
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
  const restores = of(calls(), 'v1RestoreSession')
  assert.equal(restores.length, 2)
  assert.notEqual(restores[0].variables.session.refreshToken, restores[1].variables.session.refreshToken)
  assert.ok(restores.every((call) => !call.headers.authorization))
}))

test('an access token that is over is restored before the next call, once, and never sent again', within({}, async ({ open, calls, requests }) => {
  const page = await open()
  await signIn(page)
  const stale = of(calls(), 'v1Sessions')[0].headers.authorization
  await goAhead(page, HOUR + 1000)
  await page.locator('.life.access', { hasText: 'is restored with the next call' }).waitFor()
  requests.length = 0
  // Two things at once that need a token.
  await page.evaluate(() => {
    document.querySelector('[data-does=reload-sessions]').click()
    document.querySelector('form.rename').requestSubmit()
  })
  await page.locator('.accounts .said').waitFor()
  await page.locator('.life.access .left', { hasText: /left/ }).waitFor()
  assert.equal(of(calls(), 'v1RestoreSession').length, 1)
  assert.ok(calls().every((call) => call.headers.authorization !== stale))
  assert.ok(of(calls(), 'v1UpdateAccount')[0].headers.authorization)
}))

test('a token that the engine refuses earlier than expected is restored, and the call made again', within({}, async ({ open, calls }) => {
  const page = await open()
  await signIn(page)
  let spoiled = 0
  await page.route('**/v1/graphql', (route) => {
    const headers = route.request().headers()
    if (spoiled || !headers.authorization) return route.continue()
    spoiled += 1
    return route.continue({ headers: { ...headers, authorization: `${headers.authorization}x` } })
  })
  await press(page, 'Read again')
  await page.waitForFunction(() => document.querySelector('[data-does=reload-sessions]').getAttribute('aria-disabled') === null)
  assert.equal(spoiled, 1)
  assert.equal(of(calls(), 'v1RestoreSession').length, 1)
  assert.equal(await page.locator('.own-sessions .said.refused').count(), 0)
}))

test('without an answer to a restore the session is kept, and a second try succeeds', within({ expected: /Failed to load|ERR_/ }, async ({ open }) => {
  const page = await open()
  await signIn(page)
  await page.route('**/v1/graphql', (route) => route.abort('connectionreset'))
  await press(page, 'Restore now')
  assert.match(await refusal(page, 'no-answer'), /session is kept/)
  await page.unroute('**/v1/graphql')
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
}))

test('the token can be checked and copied', within({ options: { permissions: ['clipboard-read', 'clipboard-write'] } }, async ({ open }) => {
  const page = await open()
  await signIn(page)
  await press(page, 'Check the token')
  await page.getByRole('region', { name: 'What verifyToken answered' }).getByText('origIat').waitFor()
  await press(page, 'Copy token')
  await page.getByText('Whoever has it is you').waitFor()
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^eyJ/)
}))

test('where the browser does not let the page copy, it says so', within({}, async ({ open }) => {
  const page = await open()
  await signIn(page)
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))))
  await press(page, 'Copy token')
  await refusal(page, 'clipboard')
}))

test('the claims are shown with what they mean, and as JSON', within({}, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  await page.locator('.token tr', { hasText: 'x-hasura-address' }).getByText(wallets[0].address).waitFor()
  await page.locator('.token tr', { hasText: 'exp' }).getByText('good until').waitFor()
  await page.locator('.token summary').click()
  await page.locator('.token pre.json').getByText('https://hasura.io/jwt/claims').waitFor()
}))

test('an account is renamed on the networks that are ticked', within({}, async ({ open }) => {
  const page = await open()
  await signIn(page)
  const accounts = page.locator('.card.accounts')
  await accounts.getByLabel('polygon').check()
  await accounts.getByLabel('New name').fill('fox.eth')
  await press(page, 'Rename')
  await accounts.getByText('Renamed on ethereum. You have no account on polygon').waitFor()
  await page.locator('.who .name', { hasText: 'fox.eth' }).waitFor()
  await accounts.locator('tbody').getByText('fox.eth').waitFor()

  await accounts.getByLabel('New name').fill('  ')
  await press(page, 'Rename')
  await refusal(page, 'name_invalid')
  for (const box of await accounts.getByRole('checkbox').all()) await box.uncheck()
  await press(page, 'Rename')
  await refusal(page, 'nothing-chosen')
}))

test('logging out ends the session at the service, and the page forgets it', within({}, async ({ open, calls }) => {
  const page = await open()
  await signIn(page)
  await press(page, 'Log out')
  await page.getByText('You are signed out. Both tokens are forgotten.').waitFor()
  assert.equal(of(calls(), 'v1Logout').length, 1)
  assert.equal(await page.locator('.badge').innerText(), 'guest')
  await page.reload()
  await signedOut(page)
}))

test('another session is seen and ended, and whoever has it is told', within({}, async ({ open, wallets }) => {
  const other = await profile({ wallets })
  try {
    const there = await other.open()
    await signIn(there)
    const page = await open()
    await signIn(page)
    const ends = page.getByRole('button', { name: 'End the session of Chrome on Linux' })
    assert.equal(await ends.count(), 1)
    await ends.click()
    await page.getByText('That session is over.').waitFor()
    assert.equal(await ends.count(), 0)
    // The keyboard is not left where the button was.
    assert.equal(await page.evaluate(() => document.activeElement.dataset.does), 'reload-sessions')

    await there.getByRole('button', { name: 'Read again', exact: true }).click()
    await refusal(there, 'session_ended')
    await signedOut(there)
  } finally {
    await other.close()
  }
}))

test('signing out everywhere ends the others too', within({}, async ({ open, wallets }) => {
  const other = await profile({ wallets })
  try {
    const there = await other.open()
    await signIn(there)
    const page = await open()
    await signIn(page)
    await press(page, 'Sign out everywhere')
    await signedOut(page)
    await press(there, 'Restore now')
    assert.match(await refusal(there, 'refresh_token_invalid'), /Sign in again/)
    await signedOut(there)
    await signIn(there)
  } finally {
    await other.close()
  }
}))

test('a log-out without an answer keeps the session, one of an ended session does not', within({ expected: /Failed to load|ERR_/ }, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  await page.route('**/v1/graphql', (route) => route.abort('connectionreset'))
  await press(page, 'Log out')
  await refusal(page, 'no-answer')
  await page.unroute('**/v1/graphql')
  operator('account', 'logout', wallets[0].address)
  await press(page, 'Log out')
  await signedOut(page)
}))

test('where the browser keeps the refresh token in a cookie, the page restores without having seen one', within({}, async ({ open, calls }) => {
  const page = await open()
  // Does what a service with REFRESH_COOKIE=on does: takes the token out of the answer, and knows it at the restore.
  let kept
  await page.route('**/v1/graphql', async (route) => {
    const asked = route.request().postDataJSON()
    const name = ['v1Login', 'v1RestoreSession'].find((one) => asked.query.includes(one))
    if (!name) return route.continue()
    if (name === 'v1RestoreSession') asked.variables = { session: { refreshToken: kept } }
    const reply = await route.fetch({ postData: JSON.stringify(asked) })
    const answer = await reply.json()
    kept = answer.data[name].res.refreshToken
    delete answer.data[name].res.refreshToken
    return route.fulfill({ json: answer })
  })
  await signIn(page)
  for (let times = 0; times < 2; times += 1) {
    await press(page, 'Restore now')
    await page.getByText('Two new tokens').waitFor()
  }
  assert.deepEqual(of(calls(), 'v1RestoreSession').map((call) => call.variables), [{ session: {} }, { session: {} }])
}))
