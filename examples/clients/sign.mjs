// The variables of v1Login on standard output, signed by a wallet with a fresh key. For curl.sh.
//
//   node sign.mjs NONCE
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage } from 'viem/siwe'

const origin = process.env.ORIGIN ?? 'http://localhost:3000'
const account = privateKeyToAccount(generatePrivateKey())
const message = createSiweMessage({
  address: account.address, chainId: 1, domain: new URL(origin).host, uri: origin, version: '1', nonce: process.argv[2],
})
const signature = await account.signMessage({ message })
console.log(JSON.stringify({ session: { message, signature } }))
