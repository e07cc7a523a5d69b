// For whom the page is there: people with a keyboard alone, a narrow screen, dark colours, little motion, or a screen reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operator, press, signIn, signedIn, signedOut, within } from '../support.mjs'

/** Presses Tab until the element with the keyboard fits, and returns how many steps that took. */
async function tabTo(page, selector) {
  for (let steps = 1; steps < 60; steps += 1) {
    await page.keyboard.press('Tab')
    const there = await page.evaluate((wanted) => {
      const own = document.activeElement
      const outline = getComputedStyle(own)
      return { fits: own.matches(wanted), ringed: outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) >= 2, name: own.outerHTML.slice(0, 80) }
    }, selector)
    if (there.name.startsWith('<body')) continue
    assert.ok(there.ringed, `no visible focus: ${there.name}`)
    if (there.fits) return steps
  }
  throw new Error(`the keyboard does not reach ${selector}`)
}

test('a keyboard alone signs in, runs a query, renames, and logs out', within({}, async ({ open }) => {
  const page = await open()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip')
  await page.keyboard.press('Enter')
  await tabTo(page, '[data-does=wallet]')
  await page.keyboard.press('Enter')
  await signedIn(page)
  // What was pressed is gone; the keyboard stands at what came in its place.
  assert.equal(await page.evaluate(() => document.activeElement.id), 'session')
  await tabTo(page, '.rename input[type=text]')
  await page.keyboard.type('keys.eth')
  await page.keyboard.press('Enter')
  await page.getByText('Renamed on ethereum.').waitFor()
  await page.evaluate(() => document.activeElement.blur())
  await page.evaluate(() => document.querySelector('.skip').focus())
  await tabTo(page, '[data-does=go-console]')
  await page.keyboard.press('Enter')
  await tabTo(page, '[data-does=run]')
  await page.keyboard.press('Space')
  await page.locator('.answer[data-role=user].is-answer').waitFor()
  await page.evaluate(() => document.querySelector('.skip').focus())
  await tabTo(page, '[data-does=go-session]')
  await page.keyboard.press('Enter')
  await tabTo(page, '[data-does=log-out]')
  await page.keyboard.press('Enter')
  await signedOut(page)
}))

test('a button that works takes no second press, and keeps the keyboard', within({}, async ({ open, calls }) => {
  const page = await open()
  await signIn(page)
  await page.getByRole('button', { name: 'Restore now' }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await page.getByText('Two new tokens').waitFor()
  assert.equal(calls().filter((call) => call.query.includes('v1RestoreSession')).length, 1)
  assert.equal(await page.evaluate(() => document.activeElement.dataset.does), 'restore')
}))

test('nothing sticks out of a screen of 360 pixels, and every button is large enough to hit', within({ options: { viewport: { width: 360, height: 740 } } }, async ({ open, wallets }) => {
  operator('account', 'grant', wallets[0].address, 'admin')
  const page = await open()
  const fits = async (where) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(wide <= 360, `${where}: ${wide} pixels`)
    const small = await page.evaluate(() => [...document.querySelectorAll('button, summary, nav a')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 32).map((one) => one.textContent))
    assert.deepEqual(small, [], where)
  }
  await fits('signed out')
  await page.locator('.by-email summary').click()
  await fits('form')
  await signIn(page)
  await fits('signed in')
  await page.getByRole('link', { name: 'Console' }).click()
  await press(page, 'Run')
  await page.locator('.answer[data-role=admin].is-answer').waitFor()
  await fits('console')
  await page.getByRole('link', { name: 'Admin' }).click()
  await page.locator('.admin-audit tbody tr').first().waitFor()
  await fits('admin')
}))

/** Texts whose contrast with what is behind them is less than WCAG's AA asks. */
function pale() {
  // Colours as the browser computed them: rgb(1, 2, 3) or rgba(1, 2, 3, 0.5).
  const parse = (text) => text.match(/[\d.]+/g).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0)
  const behind = (one) => {
    for (let node = one; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor)
      if (colour[3] === undefined || colour[3] > 0) return colour
    }
    return [255, 255, 255]
  }
  const found = []
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    if (!own || one instanceof SVGElement || !one.checkVisibility() || one.closest('.unseen, [aria-disabled]')) continue
    const [front, back] = [light(parse(getComputedStyle(one).color)), light(behind(one))]
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)
    if (contrast < 4.5) found.push(`${one.className || one.localName} "${one.textContent.slice(0, 30)}" ${contrast.toFixed(2)}`)
  }
  return found
}

for (const colorScheme of ['light', 'dark']) {
  test(`every text can be read in ${colorScheme} colours`, within({ options: { colorScheme } }, async ({ open, wallets }) => {
    operator('account', 'grant', wallets[0].address, 'admin')
    const page = await open()
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.equal(back, colorScheme === 'dark' ? 'rgb(16, 20, 28)' : 'rgb(245, 246, 249)')
    wallets[0].fails.personal_sign = { code: 4001, message: 'no' }
    await press(page, 'Sign in with Fox')
    await page.locator('.said.refused').waitFor()
    assert.deepEqual(await page.evaluate(pale), [])
    wallets[0].fails = {}
    await signIn(page)
    await press(page, 'Restore now')
    await page.locator('.said.good').first().waitFor()
    await page.locator('.token summary').click()
    assert.deepEqual(await page.evaluate(pale), [])
    await page.getByRole('link', { name: 'Console' }).click()
    await press(page, 'Run')
    await page.locator('.answer[data-role=admin].is-answer').waitFor()
    assert.deepEqual(await page.evaluate(pale), [])
    await page.getByRole('link', { name: 'Admin' }).click()
    await page.locator('.admin-audit tbody tr').first().waitFor()
    assert.deepEqual(await page.evaluate(pale), [])
  }))
}

test('whoever wants little motion gets none', within({ options: { reducedMotion: 'reduce' } }, async ({ open, wallets }) => {
  const page = await open()
  wallets[0].account = { signMessage: () => new Promise(() => {}) }
  await press(page, 'Sign in with Fox')
  await page.locator('.said.working .message').waitFor()
  assert.equal(await page.locator('.spinner').evaluate((one) => getComputedStyle(one).animationName), 'none')
}))

test('a screen reader finds names, headings and places that speak', within({}, async ({ open }) => {
  const page = await open()
  await signIn(page)
  const faults = await page.evaluate(() => {
    const named = (one) => one.getAttribute('aria-label') || one.textContent.trim() || [...(one.labels ?? [])].map((label) => label.textContent).join('')
    const nameless = [...document.querySelectorAll('button, a, input, select, textarea, summary')].filter((one) => !named(one)).map((one) => one.outerHTML)
    const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
    const twice = ids.filter((id, at) => ids.indexOf(id) !== at)
    const lost = [...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].filter((one) => !document.getElementById(one.getAttribute('aria-labelledby') ?? one.getAttribute('aria-describedby'))).map((one) => one.outerHTML.slice(0, 90))
    return { nameless, twice, lost, main: document.querySelectorAll('main').length, h1: document.querySelectorAll('h1').length, lang: document.documentElement.lang }
  })
  assert.deepEqual(faults, { nameless: [], twice: [], lost: [], main: 1, h1: 1, lang: 'en' })
  const outcome = page.locator('.who .outcome')
  assert.deepEqual([await outcome.getAttribute('aria-live'), await outcome.getAttribute('role')], ['polite', 'status'])
  // The counting down is not spoken.
  assert.equal(await page.locator('.life').first().evaluate((one) => one.closest('[aria-live]')), null)
}))
