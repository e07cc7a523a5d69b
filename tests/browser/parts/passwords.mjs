// The ways in with a password, and more than one way into an account.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD, ask, fresh, press, refusal, signedIn, signedOut, signIn, wallet, within } from '../support.mjs'

const way = (page, name) => page.locator(`details.way.${name}`)
const openWay = async (page, name) => {
  await way(page, name).locator('summary').click()
  return way(page, name)
}

/** Registers somebody from outside of the browser. */
async function person() {
  const name = fresh('john')
  const query = 'mutation ($email: String, $username: String, $password: String!) { register(email: $email, username: $username, password: $password, name: "John") { id } }'
  const person = { email: `${name}@mail.com`, username: name, password: PASSWORD }
  const answer = await ask(query, person)
  assert.ok(answer.data, JSON.stringify(answer))
  return person
}

/** The statement of the last message that a wallet was asked to sign. */
function lastStatement({ asked }) {
  const { params } = asked.filter(({ method }) => method === 'personal_sign').at(-1)
  return Buffer.from(params[0].slice(2), 'hex').toString().split('\n')[3]
}

async function byEmail(page, { email, password }) {
  const form = await openWay(page, 'by-email')
  await form.getByLabel('E-mail address').fill(email)
  await form.getByLabel('Password').fill(password)
  await form.getByRole('button', { name: 'Sign in' }).click()
}

async function byUsername(page, { username, password }) {
  const form = await openWay(page, 'by-username')
  await form.getByLabel('Username').fill(username)
  await form.getByLabel('Password').fill(password)
  await form.getByRole('button', { name: 'Sign in' }).click()
}

test('somebody registers, signs in by e-mail address, and sees their profile', within({}, async ({ open, calls }) => {
  const page = await open()
  const email = `${fresh('ann')}@mail.com`
  const form = await openWay(page, 'register')
  await form.getByLabel('E-mail address').fill(email)
  await form.getByLabel('Your name').fill('Ann')
  await form.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Register')
  await page.getByText('You are registered.').waitFor()
  await byEmail(page, { email, password: PASSWORD })
  await signedIn(page)
  await page.locator('.who .name', { hasText: 'Ann' }).waitFor()
  await page.getByText('by e-mail address').waitFor()
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
  const restore = calls().find((call) => call.query.includes('refreshToken(refreshToken'))
  assert.ok(restore && !restore.headers.authorization)
  await press(page, 'Log out')
  await signedOut(page)
}))

test('somebody signs in by username with one token, has it checked, and renews it', within({}, async ({ open, calls }) => {
  const page = await open()
  const john = await person()
  await byUsername(page, john)
  await signedIn(page)
  await press(page, 'Check the token')
  await page.getByRole('region', { name: 'What verifyToken answered' }).getByText(john.username).waitFor()
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
  assert.ok(calls().some((call) => call.query.includes('refreshToken(token')))
  await press(page, 'Sign out everywhere')
  await signedOut(page)
}))

const REGISTRATIONS = [
  [{ email: 'no address' }, 'email_invalid'],
  [{ username: 'a b' }, 'username_invalid'],
  [{ username: 'short-password', password: 'short' }, 'password_too_short'],
  [{ username: 'long-password', password: 'correct horse '.repeat(20) }, 'password_too_long'],
  [{ username: 'common-password', password: 'aaaaaaaaaaaaaaaaaaaa' }, 'password_compromised'],
  [{ password: PASSWORD }, 'bad_request'],
]

test('what cannot be registered is refused with what to do instead', within({}, async ({ open }) => {
  const page = await open()
  const form = await openWay(page, 'register')
  const taken = await person()
  for (const [given, code] of [...REGISTRATIONS, [{ username: taken.username }, 'already_taken']]) {
    await form.getByLabel('E-mail address').fill(given.email ?? '')
    await form.getByLabel('Username').fill(given.username ?? '')
    await form.getByLabel('Password').fill(given.password ?? PASSWORD)
    await press(page, 'Register')
    await refusal(page, code)
  }
}))

test('a wrong password is refused alike for known and unknown names, and after many tries for a while', within({}, async ({ open }) => {
  const page = await open()
  const john = await person()
  const wrong = { ...john, password: 'not this one, surely' }
  await byEmail(page, wrong)
  const known = await refusal(page, 'credentials_invalid')
  await page.reload()
  await byEmail(page, { ...wrong, email: `${fresh('nobody')}@mail.com` })
  assert.equal(await refusal(page, 'credentials_invalid'), known)
  const query = 'mutation ($username: String!, $password: String!) { tokenAuth(username: $username, password: $password) { token } }'
  for (let tries = 0; tries < 10; tries += 1) await ask(query, { username: john.username, password: wrong.password })
  await byUsername(page, { ...wrong, username: john.username })
  assert.match(await refusal(page, 'rate_limited'), /Wait/)
}))

test('where registration is closed there is no form but a word', within({}, async ({ open, context }) => {
  await context.route('**/web.json', async (route) => {
    const reply = await route.fetch()
    await route.fulfill({ json: { ...(await reply.json()), registration: 'closed' } })
  })
  const page = await open()
  const closed = await openWay(page, 'register')
  await closed.getByText('Ask the operator for an account.').waitFor()
  assert.equal(await closed.getByRole('button').count(), 0)
}))

test('an account with a password gets a wallet, which then leads into it, and loses it again', within({}, async ({ open, wallets }) => {
  const page = await open()
  const john = await person()
  await byEmail(page, john)
  await signedIn(page)
  const link = await openWay(page, 'link-wallet')
  await link.getByLabel('Your password').fill('not this one, surely')
  await press(page, 'Sign and add')
  await refusal(page, 'reauth_required')
  await link.getByLabel('Your password').fill(john.password)
  await press(page, 'Sign and add')
  await page.getByText('leads here as well').waitFor()
  assert.match(lastStatement(wallets[0]), /^Link this wallet to your account at .+\.$/)

  const unlink = await openWay(page, 'unlink-wallet')
  await unlink.getByLabel('Address of the wallet').fill(wallets[0].address)
  await unlink.getByLabel('Your password').fill(john.password)
  await press(page, 'Take away')
  await page.getByText('The wallet leads here no more').waitFor()
}))

test('an account with a wallet gets a password and changes it', within({}, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  const username = fresh('fox')
  const link = await openWay(page, 'link-password')
  await link.getByLabel('Username').fill(username)
  await link.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Sign and add')
  await page.getByText('From now on the password leads here').waitFor()
  assert.match(lastStatement(wallets[0]), /^Set a password for your account at .+\.$/)
  const change = await openWay(page, 'change-password')
  await change.getByLabel('The password until now').fill('not this one, surely')
  await change.getByLabel('The new one').fill('staple battery horse correct')
  await press(page, 'Change')
  await refusal(page, 'reauth_required')
  await change.getByLabel('The password until now').fill(PASSWORD)
  await press(page, 'Change')
  await page.getByText('Changed. Other sessions that ended with it: 0.').waitFor()
  await press(page, 'Log out')
  await signedOut(page)
  await byUsername(page, { username, password: 'staple battery horse correct' })
  await signedIn(page)
}))

test('an account is deleted with a fresh proof, and its wallet begins anew', within({}, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  const subject = () => page.locator('.token tr', { hasText: 'the user' }).first().innerText()
  const before = await subject()
  const leave = await openWay(page, 'delete-account')
  await leave.getByLabel('I know, and want it gone').check()
  await press(page, 'Delete for good')
  await signedOut(page)
  await page.getByText('The account is deleted.').waitFor()
  assert.match(lastStatement(wallets[0]), /^Delete your account at .+ for good\.$/)
  await signIn(page)
  assert.notEqual(await subject(), before)
}))

test('nobody deletes an account with a wrong password, or by mistake', within({}, async ({ open }) => {
  const page = await open()
  const john = await person()
  await byEmail(page, john)
  await signedIn(page)
  const leave = await openWay(page, 'delete-account')
  await leave.getByLabel('Your password').fill('not this one, surely')
  await press(page, 'Delete for good')
  assert.ok(await leave.getByLabel('I know, and want it gone').evaluate((box) => box.matches(':invalid')))
  await leave.getByLabel('I know, and want it gone').check()
  await press(page, 'Delete for good')
  await refusal(page, 'reauth_required')
  await leave.getByLabel('Your password').fill(john.password)
  await press(page, 'Delete for good')
  await signedOut(page)
  await byEmail(page, john)
  await refusal(page, 'credentials_invalid')
}))

test('a proof by a wallet that declines is no proof', within(() => ({ wallets: [wallet()] }), async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  wallets[0].fails.personal_sign = { code: 4001, message: 'User rejected' }
  const link = await openWay(page, 'link-password')
  await link.getByLabel('Username').fill(fresh('fox'))
  await link.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Sign and add')
  await refusal(page, 'wallet-4001')
}))
