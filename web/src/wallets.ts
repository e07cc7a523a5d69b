// Finds the wallets of this browser: those that announce themselves (EIP-6963), and `window.ethereum` for those that do not.
//
// What a wallet says of itself is text from a stranger: its name is shown as text, and its icon only where it is a data:
// address, so that no picture is fetched from anywhere.
import { Refusal } from './refusals.ts'

export interface Provider {
  request(ask: { method: string; params?: unknown }): Promise<unknown>
}

export interface Wallet {
  id: string
  name: string
  icon: string | null
  /** The maker's name, reversed domain, where the wallet says one. */
  maker: string
  provider: Provider
}

interface Announcement {
  info?: { uuid?: unknown; name?: unknown; icon?: unknown; rdns?: unknown }
  provider?: Provider
}

const NAME_LIMIT = 40
const ICON_LIMIT = 200_000

/** The wallets known so far. `changed` is called whenever there is one more. */
export class Wallets {
  readonly #announced = new Map<string, Wallet>()

  constructor(private readonly changed: () => void) {
    window.addEventListener('eip6963:announceProvider', (event) => {
      const wallet = read((event as CustomEvent<Announcement>).detail)
      if (!wallet || this.#announced.has(wallet.id)) return
      this.#announced.set(wallet.id, wallet)
      this.changed()
    })
    // Some wallets put themselves into the page after it was loaded.
    window.addEventListener('ethereum#initialized', () => this.changed())
    this.look()
  }

  /** Asks all wallets to announce themselves again. */
  look(): void {
    window.dispatchEvent(new Event('eip6963:requestProvider'))
    this.changed()
  }

  list(): Wallet[] {
    const found = [...this.#announced.values()]
    const injected = (window as { ethereum?: Provider }).ethereum
    const known = found.some((wallet) => wallet.provider === injected)
    if (injected && typeof injected.request === 'function' && !known && !found.some((wallet) => !isTest(wallet))) {
      found.unshift({ id: 'injected', name: 'Browser wallet', icon: null, maker: 'window.ethereum', provider: injected })
    }
    return found.sort((one, other) => Number(isTest(one)) - Number(isTest(other)))
  }
}

export const TEST_WALLET = 'test-wallet.hasura-siwe'

export function isTest(wallet: Wallet): boolean {
  return wallet.maker === TEST_WALLET
}

function read(detail: Announcement | null): Wallet | null {
  const { info, provider } = detail ?? {}
  if (!info || typeof provider?.request !== 'function') return null
  if (typeof info.uuid !== 'string' || typeof info.name !== 'string' || !info.name.trim()) return null
  const icon = typeof info.icon === 'string' ? info.icon.trim() : ''
  return {
    id: info.uuid,
    name: info.name.trim().slice(0, NAME_LIMIT),
    icon: icon.startsWith('data:image/') && icon.length < ICON_LIMIT ? icon : null,
    maker: typeof info.rdns === 'string' ? info.rdns.slice(0, NAME_LIMIT) : '',
    provider,
  }
}

/** Asks a wallet for something; its error becomes a refusal with words. */
export async function ask(wallet: Wallet, method: string, params: unknown[] = []): Promise<unknown> {
  try {
    return await wallet.provider.request({ method, params })
  } catch (error) {
    throw refusalOf(error)
  }
}

/** The codes with words of their own; -32601 is JSON-RPC's name for what EIP-1193 calls 4200. */
const CODES = new Map([
  [4001, 'wallet-4001'],
  [4100, 'wallet-4100'],
  [4200, 'wallet-4200'],
  [-32601, 'wallet-4200'],
  [4900, 'wallet-4900'],
  [4901, 'wallet-4901'],
  [4902, 'wallet-4902'],
  [-32002, 'wallet--32002'],
])

function refusalOf(error: unknown): Refusal {
  const { code, message, data } = (error ?? {}) as { code?: unknown; message?: unknown; data?: { originalError?: { code?: unknown } } }
  // MetaMask on a telephone wraps 4902 in an internal error.
  const inner = data?.originalError?.code
  const known = CODES.get(Number(inner)) ?? CODES.get(Number(code))
  return new Refusal(known ?? 'wallet-failed', typeof message === 'string' ? message.slice(0, 300) : '')
}
