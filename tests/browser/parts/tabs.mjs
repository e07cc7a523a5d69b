// Several tabs of one browser: a session is shared from memory to memory, and none logs another out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goAhead, press, signIn, signedIn, signedOut, wallet, within } from '../support.mjs'

const HOUR = 3_600_000
const restores = (calls) => calls().filter((call) => call.query.includes('v1RestoreSession'))
const alive = async (page) => {
  await press(page, 'Check the token')
  await page.getByText('it is good right now').waitFor()
}

test('a second tab is signed in, and both restore at once without ending the session', within({}, async ({ open, calls }) => {
  const one = await open()
  await signIn(one)
  const two = await open()
  await signedIn(two)
  assert.equal(calls().filter((call) => call.query.includes('v1Login')).length, 1)

  await Promise.all([one, two].map((page) => goAhead(page, HOUR + 1000)))
  await Promise.all([one, two].map((page) => page.locator('.life.access', { hasText: 'is restored with the next call' }).waitFor()))
  await Promise.all([one, two].map((page) => press(page, 'Read again')))
  await Promise.all([one, two].map((page) => page.locator('.life.access .left', { hasText: /left/ }).waitFor()))
  assert.equal(restores(calls).length, 1)
  await Promise.all([alive(one), alive(two)])
}))

test('tabs that restore in turns go on from each other’s tokens', within({}, async ({ open, calls }) => {
  const one = await open()
  await signIn(one)
  const two = await open()
  await signedIn(two)
  for (const page of [one, two, one, two]) {
    await press(page, 'Restore now')
    await page.getByText('Two new tokens').waitFor()
    await press(page, 'Check the token')
    await page.getByText('it is good right now').waitFor()
  }
  const sent = restores(calls).map((call) => call.variables.session.refreshToken)
  assert.equal(new Set(sent).size, 4)
}))

test('a tab that missed a restore asks the others before it spends an old token', within({}, async ({ open, calls, context }) => {
  // As if this tab had been asleep: while `deaf`, messages do not reach the page.
  await context.addInitScript(() => {
    const listen = BroadcastChannel.prototype.addEventListener
    BroadcastChannel.prototype.addEventListener = function (type, heard) {
      listen.call(this, type, (event) => window.deaf || heard(event))
    }
  })
  const one = await open()
  await signIn(one)
  const two = await open()
  await signedIn(two)
  await two.evaluate(() => void (window.deaf = true))
  await press(one, 'Restore now')
  await one.getByText('Two new tokens').waitFor()
  await two.evaluate(() => void (window.deaf = false))
  await press(two, 'Restore now')
  await two.getByText('Two new tokens').waitFor()
  assert.equal(restores(calls).length, 1)
  await Promise.all([alive(one), alive(two)])
}))

test('logging out in one tab signs the others of the session out, and says where it happened', within({}, async ({ open }) => {
  const one = await open()
  await signIn(one)
  const two = await open()
  await signedIn(two)
  await press(one, 'Log out')
  await signedOut(two)
  await two.getByText('You signed out in another tab.').waitFor()
}))

test('two tabs with two people leave each other alone', within(
  () => ({ wallets: [wallet({ name: 'Fox' }), wallet({ name: 'Owl' })] }),
  async ({ open, wallets }) => {
    const one = await open()
    const two = await open()
    await signIn(one, 'Fox')
    await signIn(two, 'Owl')
    assert.equal(await one.locator('.who .address').innerText(), wallets[0].address)
    assert.equal(await two.locator('.who .address').innerText(), wallets[1].address)
    await press(two, 'Log out')
    await signedOut(two)
    await alive(one)
  },
))
