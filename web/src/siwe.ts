// The ERC-4361 message of this page, and its way through a wallet.
import { getAddress, stringToHex } from 'viem'
import { createSiweMessage } from 'viem/siwe'
import { Refusal } from './refusals.ts'
import type { Wallet } from './wallets.ts'
import { ask } from './wallets.ts'

export interface Signed {
  address: string
  message: string
  signature: string
}

/** A message that signs in may say what the app chooses; one for another purpose says what the service gives. */
const STATEMENT = 'Sign in with Ethereum to the app.'
/** Shorter than the ten minutes that the service allows: whoever walks away from the wallet should sign anew. */
const LIFETIME = 5 * 60_000

/** A nonce, and the statement that goes with it unless the message signs in. */
export interface Issued {
  nonce: string
  statement?: string
}

/**
 * Lets the wallet connect, change to the chain, and sign. `shown` gets the text before the wallet does, so that the
 * person can compare the two.
 */
export async function signIn(
  wallet: Wallet,
  chainId: number,
  issue: () => Promise<Issued>,
  shown: (message: string) => void,
): Promise<Signed> {
  const accounts = await ask(wallet, 'eth_requestAccounts')
  const first: unknown = Array.isArray(accounts) ? accounts[0] : undefined
  if (typeof first !== 'string' || !/^0x[0-9a-f]{40}$/i.test(first)) throw new Refusal('wallet-no-account', '')
  const address = getAddress(first.toLowerCase() as `0x${string}`)
  await change(wallet, chainId)
  const { nonce, statement = STATEMENT } = await issue()
  const now = Date.now()
  const message = createSiweMessage({
    address,
    chainId,
    domain: window.location.host,
    uri: window.location.origin,
    version: '1',
    statement,
    nonce,
    issuedAt: new Date(now),
    expirationTime: new Date(now + LIFETIME),
  })
  shown(message)
  const signature = await ask(wallet, 'personal_sign', [stringToHex(message), address])
  return { address, message, signature: typeof signature === 'string' ? signature : '' }
}

/** A wallet that cannot be asked to change may sign all the same: its key is the same on every chain. */
async function change(wallet: Wallet, chainId: number): Promise<void> {
  const wanted = `0x${chainId.toString(16)}`
  if (await isOn(wallet, chainId)) return
  try {
    await ask(wallet, 'wallet_switchEthereumChain', [{ chainId: wanted }])
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'wallet-4200') return
    throw error.code === 'wallet-4001' ? new Refusal('wallet-wrong-chain', error.sentence) : error
  }
  if (!(await isOn(wallet, chainId))) throw new Refusal('wallet-wrong-chain', `it says that it is on another than ${chainId}`)
}

async function isOn(wallet: Wallet, chainId: number): Promise<boolean> {
  return Number(await ask(wallet, 'eth_chainId')) === chainId
}
