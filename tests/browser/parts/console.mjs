// The console: one document in several roles, with the answers and the refusals side by side.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operator, press, refusal, signIn, within } from '../support.mjs'

const column = (page, role) => page.locator(`.answer[data-role=${role}]`)
const verdicts = async (page) => {
  await page.waitForFunction(() => [...document.querySelectorAll('.verdict')].every((one) => one.textContent !== '…'))
  return Object.fromEntries(await page.locator('.answer').evaluateAll((all) => all.map((one) => [one.dataset.role, one.querySelector('.verdict').textContent.split(' ·')[0]])))
}
const example = (page, text) => page.getByLabel('Example').selectOption({ label: text })

test('a guest is answered, and the roles that want a token are not asked', within({}, async ({ open, requests, calls }) => {
  const page = await open('/#console')
  requests.length = 0
  await press(page, 'Run')
  assert.deepEqual(await verdicts(page), { guest: 'answered', user: 'not asked', admin: 'not asked' })
  assert.equal(calls().length, 1)
  await refusal(page, 'signed-out')
}))

test('a user is answered, and refused as admin, in the engine’s own words', within({}, async ({ open, calls, requests }) => {
  const page = await open()
  await signIn(page)
  await page.getByRole('link', { name: 'Console' }).click()
  await example(page, 'My sessions (who is signed in)')
  requests.length = 0
  await press(page, 'Run')
  assert.deepEqual(await verdicts(page), { guest: 'refused', user: 'answered', admin: 'refused' })
  await column(page, 'guest').getByText("field 'v1Sessions' not found in type: 'query_root'").first().waitFor()
  await column(page, 'admin').locator('[data-code="access-denied"]').waitFor()
  const sent = calls()
  const asked = Object.fromEntries(sent.map((call) => [call.headers['x-hasura-role'] ?? 'guest', Boolean(call.headers.authorization)]))
  assert.deepEqual(asked, { guest: false, user: true, admin: true })
  assert.equal(sent.length, 3)
}))

test('an admin sees what the others may not', within({}, async ({ open, wallets }) => {
  operator('account', 'grant', wallets[0].address, 'admin')
  const page = await open()
  await signIn(page)
  await page.getByRole('link', { name: 'Console' }).click()
  await example(page, 'Whose account is it? (admins)')
  await press(page, 'Run')
  assert.deepEqual(await verdicts(page), { guest: 'refused', user: 'refused', admin: 'answered' })
  await column(page, 'admin').getByText('user_id').first().waitFor()
}))

test('only the roles that are ticked are asked, and the choice outlives a log-in', within({}, async ({ open }) => {
  const page = await open('/#console')
  await page.getByLabel('guest', { exact: true }).uncheck()
  await page.getByLabel('admin', { exact: true }).uncheck()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signIn(page)
  await page.getByRole('link', { name: 'Console' }).click()
  await press(page, 'Run')
  assert.deepEqual(await verdicts(page), { user: 'answered' })
  await page.getByLabel('user', { exact: true }).uncheck()
  await press(page, 'Run')
  await refusal(page, 'nothing-chosen')
}))

test('variables are JSON, a mutation changes something, and Ctrl+Enter runs it', within({}, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  await page.getByRole('link', { name: 'Console' }).click()
  await example(page, 'Rename my account (who is signed in)')
  const variables = page.getByLabel('Variables, as JSON')
  assert.ok((await variables.inputValue()).includes(wallets[0].address))
  await variables.press('Control+Enter')
  assert.deepEqual(await verdicts(page), { guest: 'refused', user: 'answered', admin: 'refused' })
  await column(page, 'user').getByText('updatedIn').waitFor()
  await variables.fill('{no')
  await page.getByLabel('Query').press('Control+Enter')
  await refusal(page, 'not-json')
}))

test('what is no GraphQL and what is too much is refused where it is asked', within({ expected: /413/ }, async ({ open }) => {
  const page = await open('/#console')
  await page.getByLabel('Query').fill('{ networks')
  await press(page, 'Run')
  await column(page, 'guest').locator('[data-code="validation-failed"]').waitFor()
  await page.getByLabel('Query').fill(`{ networks { name } } # ${'x'.repeat(1_000_001)}`)
  await press(page, 'Run')
  await column(page, 'guest').locator('[data-code="payload_too_large"]').waitFor()
}))

test('a server that is gone is said in each column', within({ expected: /Failed to load|ERR_/ }, async ({ open }) => {
  const page = await open('/#console')
  await page.route('**/v1/graphql', (route) => route.abort('connectionrefused'))
  await press(page, 'Run')
  await column(page, 'guest').locator('[data-code="no-answer"]').waitFor()
}))
