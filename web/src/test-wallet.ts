// A throw-away wallet with a fresh key in this page's memory, announced like any other. For local runs: the server says
// in /web.json whether to have it, and whoever reloads the page has a new key.
import type { Provider } from './wallets.ts'
import { TEST_WALLET } from './wallets.ts'

const ICON =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/><path d="M13 6h6v2l-1 1v5l6 9a2 2 0 0 1-2 3H10a2 2 0 0 1-2-3l6-9V9l-1-1z" fill="#fff"/><circle cx="14" cy="21" r="1.6" fill="#0f766e"/><circle cx="18" cy="23" r="1.2" fill="#0f766e"/></svg>',
  )

/** The same on every page: there is one of it, and crypto.randomUUID exists only where a page came over https. */
const UUID = '7f9c1b0e-52a4-4d3a-9c55-0b6d3c6f2a11'

export function announceTestWallet(): void {
  const info = Object.freeze({ uuid: UUID, name: 'Test wallet', icon: ICON, rdns: TEST_WALLET })
  const detail = Object.freeze({ info, provider: provider() })
  const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }))
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
}

function provider(): Provider {
  let chain = '0x1'
  // The curve is loaded when somebody uses it: with a wallet of their own nobody does.
  let key: Promise<{ address: string; sign(message: string): Promise<string> }> | undefined
  const account = () =>
    (key ??= import('viem/accounts').then(({ generatePrivateKey, privateKeyToAccount }) => {
      const made = privateKeyToAccount(generatePrivateKey())
      return { address: made.address, sign: (raw) => made.signMessage({ message: { raw: raw as `0x${string}` } }) }
    }))
  return {
    async request({ method, params }) {
      const given = (params ?? []) as unknown[]
      switch (method) {
        case 'eth_requestAccounts':
        case 'eth_accounts':
          return [(await account()).address]
        case 'eth_chainId':
          return chain
        case 'wallet_switchEthereumChain':
          chain = (given[0] as { chainId: string }).chainId
          return null
        case 'personal_sign':
          return (await account()).sign(given[0] as string)
        default:
          throw Object.assign(new Error(`the test wallet does not know ${method}`), { code: 4200 })
      }
    },
  }
}
