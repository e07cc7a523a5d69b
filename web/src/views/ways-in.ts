// More than one way into the account: a wallet for who has a password, a password for who has a wallet; and the way out for good.
// Each wants a fresh proof, because a token alone may have been stolen.
import { field, fill, h } from '../dom.ts'
import { button, onSubmit, Outcome } from '../outcome.ts'
import type { Page } from '../page.ts'
import { networks } from '../page.ts'
import { Refusal } from '../refusals.ts'
import type { Session } from '../session.ts'
import { signIn } from '../siwe.ts'
import type { Issued, Signed } from '../siwe.ts'

export function waysIn(page: Page, session: Session): HTMLElement {
  const wallet = session.flow === 'siwe'
  return h(
    'section',
    { class: 'card ways', 'aria-labelledby': 'more-ways-title' },
    h('div', { class: 'heading' }, h('h2', { id: 'more-ways-title' }, 'Ways into your account')),
    wallet
      ? way('link-password', 'Add a password', 'v1LinkPassword', linkPassword(page))
      : way('link-wallet', 'Add a wallet', 'v1LinkWallet', linkWallet(page)),
    way('change-password', 'Change the password', 'v1ChangePassword', changePassword(page)),
    way('unlink-wallet', 'Take a wallet away', 'v1UnlinkWallet', unlinkWallet(page)),
    way('delete-account', 'Delete the account', 'v1DeleteAccount', deleteAccount(page, session)),
  )
}

function way(name: string, title: string, operation: string, content: HTMLElement): HTMLElement {
  return h('details', { name: 'way-in', class: `way ${name}` }, h('summary', { 'data-does': `open-${name}` }, h('span', {}, title), h('code', { class: 'op' }, operation)), content)
}

function linkPassword(page: Page): HTMLElement {
  const outcome = new Outcome()
  const email = h('input', { type: 'text', inputmode: 'email', autocomplete: 'email', autocapitalize: 'none', spellcheck: 'false' })
  const username = h('input', { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' })
  const password = h('input', { type: 'password', autocomplete: 'new-password', required: true })
  const signer = new Signer(page, 'set-password')
  const form = h('form', {}, field('E-mail address', email, 'This, a username, or both.'), field('Username', username), field('Password', password), signer.element, button('link-password', 'Sign and add', { kind: 'primary', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const { message, signature } = await signer.sign(outcome)
    const query = 'mutation ($account: LinkPasswordInput!) { v1LinkPassword(account: $account) { res success } }'
    const account = { email: email.value.trim() || null, username: username.value.trim() || null, password: password.value, message, signature }
    await page.sessions.ask({ query, variables: { account } })
    password.value = ''
    outcome.good('From now on the password leads here as well.')
  })
}

function linkWallet(page: Page): HTMLElement {
  const outcome = new Outcome()
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const signer = new Signer(page, 'link-wallet')
  const form = h('form', {}, field('Your password', password), signer.element, button('link-wallet', 'Sign and add', { kind: 'primary', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const { message, signature } = await signer.sign(outcome)
    const query = 'mutation ($wallet: LinkWalletInput!) { v1LinkWallet(wallet: $wallet) { res success } }'
    const variables = { wallet: { message, signature, password: password.value } }
    const { v1LinkWallet } = await page.sessions.ask<{ v1LinkWallet: { res: { address: string } } }>({ query, variables })
    password.value = ''
    outcome.good('From now on the wallet ', h('code', {}, v1LinkWallet.res.address), ' leads here as well.')
  })
}

function changePassword(page: Page): HTMLElement {
  const outcome = new Outcome()
  const old = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const next = h('input', { type: 'password', autocomplete: 'new-password', required: true })
  const form = h('form', {}, field('The password until now', old), field('The new one', next), button('change-password', 'Change', { kind: 'primary', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const query = 'mutation ($account: ChangePasswordInput!) { v1ChangePassword(account: $account) { res success } }'
    const variables = { account: { password: next.value, proof: { password: old.value } } }
    const { v1ChangePassword } = await page.sessions.ask<{ v1ChangePassword: { res: { ended: number } } }>({ query, variables })
    old.value = ''
    next.value = ''
    outcome.good(`Changed. Other sessions that ended with it: ${v1ChangePassword.res.ended}.`)
  })
}

function unlinkWallet(page: Page): HTMLElement {
  const outcome = new Outcome()
  const address = h('input', { type: 'text', spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', required: true })
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const form = h('form', {}, field('Address of the wallet', address), field('Your password', password), button('unlink-wallet', 'Take away', { kind: 'danger', submit: true }), outcome.element)
  return onSubmit(form, outcome, async () => {
    const query = 'mutation ($wallet: UnlinkWalletInput!) { v1UnlinkWallet(wallet: $wallet) { res success } }'
    const variables = { wallet: { address: address.value.trim(), proof: { password: password.value } } }
    await page.sessions.ask({ query, variables })
    password.value = ''
    outcome.good('The wallet leads here no more; other sessions of the account are over.')
  })
}

/** Proven in the way in which this session was opened. */
function deleteAccount(page: Page, session: Session): HTMLElement {
  const outcome = new Outcome()
  const sure = h('input', { type: 'checkbox', required: true })
  const password = h('input', { type: 'password', autocomplete: 'current-password', required: true })
  const signer = session.flow === 'siwe' ? new Signer(page, 'delete-account') : null
  const form = h(
    'form',
    {},
    h('p', {}, 'Wallets, names, password, roles and sessions go with it, and nothing brings them back.'),
    signer?.element ?? field('Your password', password),
    h('label', { class: 'box' }, sure, 'I know, and want it gone'),
    button('delete-account', 'Delete for good', { kind: 'danger', submit: true }),
    outcome.element,
  )
  return onSubmit(form, outcome, async () => {
    const signed = await signer?.sign(outcome)
    const proof = signed ? { message: signed.message, signature: signed.signature } : { password: password.value }
    const query = 'mutation ($proof: FreshProofInput!) { v1DeleteAccount(proof: $proof) { res success } }'
    await page.sessions.ask({ query, variables: { proof } }, undefined, true)
    page.sessions.end({ by: 'deletion' })
  })
}

/** Which wallet signs the proof, on which network, for one purpose. */
class Signer {
  readonly #wallet = h('select', {})
  readonly element: HTMLElement

  constructor(
    private readonly page: Page,
    private readonly purpose: string,
  ) {
    const offer = () => fill(this.#wallet, ...page.wallets.list().map((wallet) => h('option', { value: wallet.id }, wallet.name)))
    offer()
    this.#wallet.addEventListener('focus', () => {
      if (this.#wallet.options.length !== page.wallets.list().length) offer()
    })
    this.element = field('Signed by', this.#wallet)
  }

  async sign(outcome: Outcome): Promise<Signed> {
    const wallet = this.page.wallets.list().find((one) => one.id === this.#wallet.value)
    if (!wallet) throw new Refusal('wallet-none', '')
    const [network] = await networks(this.page)
    if (!network) throw new Refusal('chain_not_supported', 'the list of networks is empty')
    const issue = async () => {
      const query = 'query ($purpose: String) { v1Nonce(purpose: $purpose) { res success } }'
      const answer = await this.page.sessions.ask<{ v1Nonce: { res: Issued } }>({ query, variables: { purpose: this.purpose } })
      return answer.v1Nonce.res
    }
    outcome.working(`Waiting for ${wallet.name}. It may have opened a window.`)
    return signIn(wallet, network.chain_id, issue, (message) =>
      outcome.working(`${wallet.name} asks you to sign this text:`, h('pre', { class: 'message', tabindex: 0 }, message)),
    )
  }
}
