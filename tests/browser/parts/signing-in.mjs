// Wallets: how they are found, what they are asked, and what is said when they do not want to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { ICON, base, goAhead, operator, press, refusal, signIn, signedIn, signedOut, wallet, within } from '../support.mjs'

const names = (page) => page.locator('.wallets strong').allInnerTexts()
const statement = (one) => Buffer.from(one.asked.find((call) => call.method === 'personal_sign').params[0].slice(2), 'hex').toString()

test('wallets that announce themselves are listed with their names and pictures, the test wallet last', within(
  () => ({ wallets: [wallet({ name: 'Fox' }), wallet({ name: 'Brave', icon: 'https://elsewhere.test/icon.png' })] }),
  async ({ open }) => {
    const page = await open()
    assert.deepEqual(await names(page), ['Fox', 'Brave', 'Test wallet'])
    assert.equal(await page.locator('.wallets img').first().getAttribute('src'), ICON)
    // A picture from elsewhere is not fetched; the letter stands for it.
    assert.equal(await page.locator('.wallets li:nth-child(2) .letter').innerText(), 'B')
  },
))

test('who signs in sees who they are, in which roles and for how long', within({}, async ({ open, wallets, calls }) => {
  const page = await open()
  await signIn(page)
  const [fox] = wallets
  assert.equal(await page.locator('.who .address').innerText(), fox.address)
  assert.equal(await page.locator('.who .chips').innerText(), 'user')
  assert.match(await page.locator('.life.access .left').innerText(), /^(1 h|59 min \d+ s) left$/)
  await page.locator('.life.whole .left', { hasText: /1[34] d.* left/ }).waitFor()
  await page.locator('.accounts td', { hasText: 'ethereum' }).waitFor()
  assert.ok(calls().filter((call) => /v1Login|v1Nonce/.test(call.query)).every((call) => !call.headers.authorization))
}))

test('the message names this site, and is shown before the wallet signs it', within({}, async ({ open, wallets }) => {
  const page = await open()
  const [fox] = wallets
  let sign
  const signing = new Promise((done) => (sign = done))
  const { account } = fox
  fox.account = { signMessage: async (text) => signing.then(() => account.signMessage(text)) }
  await press(page, 'Sign in with Fox')
  const shown = await page.locator('.said.working .message').innerText()
  sign()
  await signedIn(page)
  assert.equal(shown.trim(), statement(fox).trim())
  const { host, origin } = new URL(base)
  assert.ok(shown.startsWith(`${host} wants you to sign in`) && shown.includes(`URI: ${origin}`), shown)
}))

test('the chosen network is in the message, and the wallet changes to it', within({}, async ({ open, wallets }) => {
  const page = await open()
  await page.getByLabel('Network').selectOption({ label: 'polygon · chain 137' })
  await signIn(page)
  assert.equal(wallets[0].chain, 137)
  assert.match(statement(wallets[0]), /Chain ID: 137/)
  await page.locator('.accounts td', { hasText: 'polygon' }).waitFor()
}))

test('a wallet that cannot change networks signs all the same', within(
  () => ({ wallets: [wallet({ chain: 5, fails: { wallet_switchEthereumChain: { code: -32601, message: 'no such method' } } })] }),
  async ({ open }) => signIn(await open()),
))

test('the test wallet signs in with a key of its own', within({ wallets: [] }, async ({ open }) => {
  const page = await open()
  await page.getByLabel('Network').selectOption('10')
  await signIn(page, 'Test wallet')
  assert.match(await page.locator('.who .address').innerText(), /^0x[0-9a-fA-F]{40}$/)
}))

test('a wallet that only sits in window.ethereum is found, and one that does both is listed once', within(
  () => ({ wallets: [wallet({ announced: false, injected: true })] }),
  async ({ open, addWallet, wallets }) => {
    const page = await open()
    assert.deepEqual(await names(page), ['Browser wallet', 'Test wallet'])
    await signIn(page, 'Browser wallet')
    await press(page, 'Log out')
    await signedOut(page)
    await addWallet(page, wallet({ name: 'Late', injected: true }))
    assert.deepEqual(await names(page), ['Late', 'Test wallet'])
    assert.equal(wallets.length, 2)
  },
))

test('without a wallet the page says so, and finds one that comes later', within({ wallets: [] }, async ({ open, context, addWallet }) => {
  await context.route('**/web.json', async (route) => {
    const reply = await route.fetch()
    await route.fulfill({ json: { ...(await reply.json()), testWallet: false } })
  })
  const page = await open()
  assert.match(await refusal(page, 'wallet-none'), /Install or unlock one/)
  await press(page, 'Look for wallets again')
  await page.locator('.outcome [data-code="wallet-none"]').waitFor()
  await addWallet(page, wallet())
  await press(page, 'Look for wallets again')
  await page.getByText('One wallet found.').waitFor()
  await signIn(page)
}))

const OWN = [
  ['declines to connect', { fails: { eth_requestAccounts: { code: 4001, message: 'User rejected the request.' } } }, 'wallet-4001'],
  ['declines to sign', { fails: { personal_sign: { code: 4001, message: 'User denied message signature.' } } }, 'wallet-4001'],
  ['is locked', { fails: { eth_requestAccounts: { code: 4100, message: 'Unauthorized' } } }, 'wallet-4100'],
  ['cannot sign texts', { fails: { personal_sign: { code: 4200, message: 'Unsupported' } } }, 'wallet-4200'],
  ['is connected to nothing', { fails: { eth_chainId: { code: 4900, message: 'Disconnected' } } }, 'wallet-4900'],
  ['is not connected to this chain', { fails: { personal_sign: { code: 4901, message: 'Chain disconnected' } } }, 'wallet-4901'],
  ['does not know the chain', { chain: 5, fails: { wallet_switchEthereumChain: { code: 4902, message: 'Unrecognized chain ID' } } }, 'wallet-4902'],
  ['does not know the chain, on a telephone', { chain: 5, fails: { wallet_switchEthereumChain: { code: -32603, message: 'Internal', data: { originalError: { code: 4902 } } } } }, 'wallet-4902'],
  ['does not want to change chains', { chain: 5, fails: { wallet_switchEthereumChain: { code: 4001, message: 'User rejected' } } }, 'wallet-wrong-chain'],
  ['says yes and stays on its chain', { chain: 5, answers: { wallet_switchEthereumChain: null } }, 'wallet-wrong-chain'],
  ['has a question open', { fails: { eth_requestAccounts: { code: -32002, message: 'Request already pending' } } }, 'wallet--32002'],
  ['gives no account', { answers: { eth_requestAccounts: [] } }, 'wallet-no-account'],
  ['breaks', { fails: { personal_sign: { code: -32603, message: 'Internal error' } } }, 'wallet-failed'],
  // What the wallet signed reaches the service, and the service refuses it.
  ['gives no signature', { answers: { personal_sign: 'no' } }, 'signature_malformed'],
  ['signs with another key', { account: privateKeyToAccount(generatePrivateKey()) }, 'signature_invalid'],
]

for (const [does, more, code] of OWN) {
  test(`a wallet that ${does} is answered with what to do (${code})`, within(() => ({ wallets: [wallet(more)] }), async ({ open, wallets }) => {
    const page = await open()
    await press(page, 'Sign in with Fox')
    assert.ok((await refusal(page, code)).includes(code))
    // And the way stays open.
    Object.assign(wallets[0], { chain: 1, fails: {}, answers: {}, account: wallet().account })
    wallets[0].address = wallets[0].account.address
    await signIn(page)
  }))
}

test('a device whose clock is wrong is told to set it', within({}, async ({ open }) => {
  const page = await open()
  await goAhead(page, -7 * 60_000)
  await press(page, 'Sign in with Fox')
  assert.match(await refusal(page, 'message_expired'), /clock/)
  await goAhead(page, 12 * 60_000)
  await press(page, 'Sign in with Fox')
  assert.match(await refusal(page, 'message_not_yet_valid'), /clock/)
}))

test('a nonce that was used is refused, and the next try has another', within({}, async ({ open }) => {
  const page = await open()
  let kept
  await page.route('**/v1/graphql', async (route) => {
    if (!route.request().postData().includes('v1Nonce') || kept === 'enough') return route.continue()
    kept ??= await (await route.fetch()).json()
    await route.fulfill({ json: kept })
  })
  await signIn(page)
  await press(page, 'Log out')
  await signedOut(page)
  await press(page, 'Sign in with Fox')
  await refusal(page, 'nonce_invalid')
  kept = 'enough'
  await signIn(page)
}))

test('a network that was closed meanwhile is refused by name', within({}, async ({ open }) => {
  const page = await open()
  await page.getByLabel('Network').selectOption('11155111')
  operator('network', 'disable', 'sepolia')
  try {
    await press(page, 'Sign in with Fox')
    await refusal(page, 'chain_not_supported')
    await page.reload()
    await page.getByLabel('Network').locator('option').first().waitFor({ state: 'attached' })
    assert.equal(await page.getByLabel('Network').locator('option[value="11155111"]').count(), 0)
  } finally {
    operator('network', 'enable', 'sepolia')
  }
}))

test('an account that an operator disabled is told so', within({}, async ({ open, wallets }) => {
  const page = await open()
  await signIn(page)
  await press(page, 'Log out')
  await signedOut(page)
  operator('account', 'disable', wallets[0].address)
  await press(page, 'Sign in with Fox')
  await refusal(page, 'account_disabled')
}))

test('under an address that is not listed the page says whom to ask', within({ expected: /opener-policy|insecure|untrustworthy/i }, async ({ open }) => {
  const page = await open('/', `http://unlisted.test:${new URL(base).port}`)
  await press(page, 'Sign in with Fox')
  assert.match(await refusal(page, 'domain_mismatch'), /SIWE_ORIGINS/)
}))

test('networks that could not be read are read again, and whoever presses a wallet before they are there waits for them', within({ expected: /Failed to load|ERR_/ }, async ({ open, context }) => {
  let answers = 'none'
  let release
  const held = new Promise((done) => (release = done))
  await context.route('**/v1/graphql', async (route) => {
    if (!route.request().postData().includes('networks(')) return route.continue()
    if (answers === 'none') return route.abort('connectionrefused')
    await held
    return route.continue()
  })
  const page = await open()
  await refusal(page, 'no-answer')
  answers = 'late'
  const again = page.getByRole('button', { name: 'Look for wallets again' }).click()
  await press(page, 'Sign in with Fox')
  release()
  await again
  await signedIn(page)
}))
