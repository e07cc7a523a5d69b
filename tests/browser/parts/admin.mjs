// What an admin sees, and that nobody else does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operator, press, refusal, signIn, signedOut, within } from '../support.mjs'

const VIEWS = [['Accounts', 'admin-accounts'], ['Sessions', 'admin-sessions'], ['Signing keys', 'admin-keys'], ['Audit log', 'admin-audit']]

test('who is no admin has no such part, not even by its address', within({}, async ({ open, calls }) => {
  const page = await open()
  await signIn(page)
  assert.equal(await page.getByRole('link', { name: 'Admin' }).isVisible(), false)
  await page.evaluate(() => void (location.hash = '#admin'))
  await page.locator('#session').waitFor()
  assert.equal(await page.locator('#admin').isVisible(), false)
  assert.ok(calls().every((call) => call.headers['x-hasura-role'] !== 'admin'))
}))

test('an admin sees accounts, sessions, keys and the audit log, and older rows of them', within({}, async ({ open, wallets, calls }) => {
  operator('account', 'grant', wallets[0].address, 'admin')
  // More entries than one page of the log holds.
  for (let times = 0; times < 11; times += 1) {
    operator('account', 'grant', wallets[0].address, 'admin')
    operator('account', 'revoke', wallets[0].address, 'admin')
  }
  operator('account', 'grant', wallets[0].address, 'admin')
  const page = await open()
  await signIn(page)
  assert.ok(calls().every((call) => call.headers['x-hasura-role'] !== 'admin'), 'nothing is asked before somebody looks')
  await page.getByRole('link', { name: 'Admin' }).click()
  for (const [title, name] of VIEWS) {
    const view = page.locator(`.card.${name}`)
    await view.getByRole('heading', { name: title }).waitFor()
    await view.locator('tbody tr, .empty:not(:text("Loading…"))').first().waitFor()
    assert.equal(await view.locator('.said.refused').count(), 0, await view.innerText())
    await press(page, `Read again: ${title}`)
    const more = page.getByRole('button', { name: `Show older: ${title}` })
    if (await more.isVisible()) {
      const rows = await view.locator('tbody tr').count()
      await more.click()
      await page.waitForFunction(([box, before]) => document.querySelectorAll(`.${box} tbody tr`).length > before, [name, rows])
    }
  }
  await page.locator('.admin-sessions .chip', { hasText: 'live' }).first().waitFor()
  assert.ok((await page.locator('.admin-audit tbody tr').count()) > 10)
  assert.ok(calls().filter((call) => call.headers['x-hasura-role'] === 'admin').length >= 8)
}))

test('an admin whose role is taken away is refused in words', within({}, async ({ open, wallets }) => {
  operator('account', 'grant', wallets[0].address, 'admin')
  const page = await open()
  await signIn(page)
  await page.getByRole('link', { name: 'Admin' }).click()
  await page.locator('.admin-audit tbody tr').first().waitFor()
  operator('account', 'revoke', wallets[0].address, 'admin')
  await page.getByRole('link', { name: 'Session' }).click()
  await press(page, 'Restore now')
  await page.getByText('Two new tokens').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Admin' }).isVisible(), false)
  assert.equal(await page.locator('#admin > *').count(), 0)
  await press(page, 'Log out')
  await signedOut(page)
}))

test('an admin’s session that is ended while the lists are open is told', within({}, async ({ open, wallets }) => {
  operator('account', 'grant', wallets[0].address, 'admin')
  const page = await open()
  await signIn(page)
  operator('account', 'logout', wallets[0].address)
  await press(page, 'Restore now')
  await refusal(page, 'refresh_token_invalid')
  assert.equal(await page.getByRole('link', { name: 'Admin' }).isVisible(), false)
}))
