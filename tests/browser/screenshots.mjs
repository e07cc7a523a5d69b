// The pictures of docs/images, of a stack that nothing was done with before:
//   WEB_BASE=http://127.0.0.1:8080 WEB_PROGRAM=target/debug/hasura-siwe DATABASE_URL=… node tests/browser/screenshots.mjs
// with the DATABASE_URL that `hasura-siwe local` prints. It is no test: who changes the looks takes them anew, and looks at them.
import { fileURLToPath } from 'node:url'
import { operator, press, profile, signIn, signedOut, stop, wallet } from './support.mjs'

const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../../docs/images/', import.meta.url))

const picture = (letter, colour) =>
  'data:image/svg+xml,' + encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="${colour}"/><circle cx="16" cy="16" r="9" fill="none" stroke="#fff" stroke-width="3"/><path d="${letter}" stroke="#fff" stroke-width="3" fill="none" stroke-linecap="round"/></svg>`)
const amber = () => wallet({ name: 'Amber Wallet', maker: 'example.amber.wallet', icon: picture('M16 12v8', '#b45309') })
const harbour = () => wallet({ name: 'Harbour', maker: 'example.harbour', icon: picture('M12 16h8', '#1d4ed8') })
const take = async (page, name) => {
  // Away from whatever it points at, and after the last answer.
  await page.mouse.move(0, 0)
  await page.waitForLoadState('networkidle')
  await page.screenshot({ path: `${FOLDER}${name}.png`, scale: 'css' })
}

async function rename(page, name) {
  await page.locator('.card.accounts').getByLabel('New name').fill(name)
  await press(page, 'Rename')
  await page.locator('.who .name', { hasText: name }).waitFor()
}

const wallets = [amber(), harbour()]
const options = (more = {}) => ({ wallets, options: { viewport: { width: 1280, height: 860 }, ...more } })

// Somebody else, so that there is more than one account.
for (const [network, name] of [['10', 'harbour.eth'], ['137', 'lighthouse.eth']]) {
  const other = await profile({ wallets: [harbour()] })
  const page = await other.open()
  await page.getByLabel('Network').selectOption(network)
  await signIn(page, 'Harbour')
  await page.locator('.card.accounts').getByLabel('New name').fill(name)
  await press(page, 'Rename')
  await page.locator('.who .name', { hasText: name }).waitFor()
  await other.context.close()
}

operator('account', 'grant', wallets[0].address, 'admin')
const light = await profile(options())
const page = await light.open()
await page.getByLabel('Network').locator('option').first().waitFor({ state: 'attached' })
await take(page, 'web-signed-out')
await signIn(page, 'Amber Wallet')
await press(page, 'Log out')
await signedOut(page)
await page.getByLabel('Network').selectOption('8453')
await signIn(page, 'Amber Wallet')
await page.locator('.card.accounts').getByLabel('ethereum').check()
await rename(page, 'amber.eth')
await page.reload()
await signIn(page, 'Amber Wallet')
await page.evaluate(() => document.activeElement.blur())
await take(page, 'web-signed-in')

await page.getByRole('link', { name: 'Console' }).click()
await page.getByLabel('Example').selectOption({ label: 'Whose account is it? (admins)' })
await press(page, 'Run')
await page.locator('.answer[data-role=admin].is-answer').waitFor()
await page.evaluate(() => document.activeElement.blur())
await take(page, 'web-console')

await page.getByRole('link', { name: 'Admin' }).click()
await page.locator('.admin-audit tbody tr').first().waitFor()
await page.locator('.admin-keys .empty, .admin-keys tbody tr').first().waitFor()
await take(page, 'web-admin')

const dark = await profile(options({ colorScheme: 'dark' }))
const night = await dark.open()
await signIn(night, 'Amber Wallet')
await night.evaluate(() => document.activeElement.blur())
await take(night, 'web-dark')

const narrow = await profile(options({ viewport: { width: 360, height: 760 } }))
const small = await narrow.open()
await signIn(small, 'Amber Wallet')
await small.evaluate(() => document.activeElement.blur())
await take(small, 'web-narrow')
await stop()
