// The page on a stack that keeps refresh tokens in cookies (REFRESH_COOKIE=on) and whose engine asks the webhook: no script has a
// refresh token, and everything goes on as it does with one.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { goAhead, press, signIn, signedIn, signedOut, stop, within } from './support.mjs'

const HOUR = 3_600_000
const restores = (calls) => calls().filter((call) => call.query.includes('v1RestoreSession'))

test('the refresh token is in a cookie that no script reads, and log-out takes it away', within({}, async ({ open, context, calls }) => {
  const page = await open()
  const answered = page.waitForResponse((reply) => reply.request().postData()?.includes('v1Login') ?? false)
  await signIn(page)
  const { data } = await (await answered).json()
  assert.deepEqual(Object.keys(data.v1Login.res), ['accessToken'])
  const [cookie, ...more] = await context.cookies()
  assert.deepEqual(more, [])
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['siwe-refresh', true, 'Strict'])
  assert.equal(await page.evaluate(() => document.cookie), '')

  await press(page, 'Restore now')
  await page.getByText(/new token/).waitFor()
  assert.deepEqual(restores(calls).map((call) => call.variables.session), [{}])
  const [next] = await context.cookies()
  assert.ok(next.value && next.value !== cookie.value)

  await press(page, 'Log out')
  await signedOut(page)
  assert.deepEqual(await context.cookies(), [])
}))

test('two tabs share the session, and each goes on after the other has restored it', within({}, async ({ open, calls }) => {
  const first = await open()
  await signIn(first)
  const second = await open()
  await signedIn(second)
  for (const page of [first, second, first]) {
    // Of the one device that both tabs are on.
    for (const tab of [first, second]) await goAhead(tab, HOUR + 1000)
    const restored = page.waitForResponse((reply) => reply.request().postData()?.includes('v1RestoreSession') ?? false)
    const listed = page.waitForResponse((reply) => reply.request().postData()?.includes('v1Sessions') ?? false)
    await press(page, 'Read again')
    assert.equal((await (await restored).json()).errors, undefined)
    assert.equal((await (await listed).json()).errors, undefined)
  }
  assert.equal(restores(calls).length, 3)
  await press(second, 'Sign out everywhere')
  await signedOut(second)
  await signedOut(first)
}))

after(stop)
