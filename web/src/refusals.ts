// Every error code in words: what happened, and what to do about it.
//
// A test holds the table against docs/errors.md, so that no code comes without words. The server's own sentence is shown
// below them, because it often knows more (which line, how long to wait).

export interface Words {
  what: string
  todo: string
}

/** A refusal: of the service, of the engine, of the wallet, or of this page. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    /** What whoever refused said. */
    readonly sentence: string,
  ) {
    super(sentence || code)
    this.name = 'Refusal'
  }

  get words(): Words {
    return REFUSALS[this.code] ?? { what: 'That did not work.', todo: 'Try again; if it stays so, tell the operator the code below.' }
  }
}

export const REFUSALS: Record<string, Words> = {
  // The message and its signature.
  message_too_large: { what: 'The message is too large.', todo: 'Sign a shorter one: fewer resources, a shorter statement.' },
  message_malformed: { what: 'The message is not one of Sign-In with Ethereum.', todo: 'Update the wallet: it must sign the text exactly as it was given.' },
  address_not_checksummed: { what: 'The address has a wrong checksum.', todo: 'Copy the address again from the wallet, with its capital letters.' },
  domain_mismatch: { what: 'This site is not one that people may sign in from.', todo: 'Open the page under its listed address, or ask the operator to add this one to SIWE_ORIGINS.' },
  uri_mismatch: { what: 'The address in the message is not of this site.', todo: 'Open the page under its listed address and sign in there.' },
  chain_not_supported: { what: 'This network is not open for signing in.', todo: 'Choose another network from the list; load the page again if the list looks old.' },
  message_expired: { what: 'The message has expired.', todo: 'Sign in again and confirm in the wallet within five minutes. If you did, set this device’s clock.' },
  message_not_yet_valid: { what: 'The message is dated in the future.', todo: 'Set this device’s clock (automatic time is best), then sign in again.' },
  message_too_old: { what: 'The message was signed too long ago.', todo: 'Sign in again. If you did so just now, set this device’s clock.' },
  nonce_invalid: { what: 'This message was used before, or waited too long.', todo: 'Sign in again: the page takes a new nonce each time.' },
  purpose_mismatch: { what: 'This message was signed for something else.', todo: 'Do it again: the page asks for a message for this purpose each time.' },
  signature_malformed: { what: 'The wallet gave something that is no signature.', todo: 'Try again, or use another wallet.' },
  signature_invalid: { what: 'The signature is not of this address.', todo: 'Choose the same account in the wallet that it connects with, and sign in again. A contract wallet signs for the network that it is on.' },
  contract_wallet_unsupported: { what: 'This contract wallet cannot be checked on this network.', todo: 'Use a wallet with a key of its own, or choose another network.' },
  rpc_unavailable: { what: 'The network could not be asked about your contract wallet.', todo: 'Nothing was spent: try again in a moment.' },
  // Tokens and sessions.
  token_invalid: { what: 'The access token is not valid.', todo: 'Restore the session; if that fails, sign in again.' },
  session_ended: { what: 'This session has been ended.', todo: 'Sign in again.' },
  refresh_token_invalid: { what: 'The session cannot be restored.', todo: 'Sign in again: it was ended, ran out, or its refresh token was used twice.' },
  // Passwords and accounts.
  credentials_invalid: { what: 'The name or the password is wrong.', todo: 'Try again. Who forgot the password asks the operator, or signs in with a linked wallet.' },
  reauth_required: { what: 'That did not prove that it is you.', todo: 'Give the account’s own password, or sign with a wallet of this account.' },
  rate_limited: { what: 'Too many tries.', todo: 'Wait as long as it says below, then do the same again.' },
  flow_closed: { what: 'This way to sign in is closed here.', todo: 'Sign in another way.' },
  registration_closed: { what: 'Nobody can register here by themselves.', todo: 'Ask the operator for an account.' },
  already_taken: { what: 'Somebody has this already.', todo: 'Choose another name. A wallet that is linked elsewhere must be unlinked there first.' },
  email_invalid: { what: 'This is no e-mail address.', todo: 'Correct it; only plain ASCII letters are taken.' },
  username_invalid: { what: 'This username cannot be used.', todo: 'Take 3 to 32 letters, digits, “_”, “-” or “.”.' },
  password_too_short: { what: 'The password is too short.', todo: 'Use a longer one; a few unrelated words do well.' },
  password_too_long: { what: 'The password is too long.', todo: 'Use at most 256 characters.' },
  password_compromised: { what: 'The password is too easy to guess.', todo: 'Choose one that is not common, does not repeat itself and does not hold your name.' },
  account_disabled: { what: 'This account is disabled.', todo: 'Ask the operator.' },
  forbidden: { what: 'This is not yours to do.', todo: 'Use your own address. The last way into an account stays: add another one first.' },
  network_unknown: { what: 'There is no such network.', todo: 'Choose from the list; load the page again if the list looks old.' },
  name_invalid: { what: 'This name cannot be used.', todo: 'Take 1 to 64 visible characters.' },
  // Requests as such.
  bad_request: { what: 'The request made no sense to the service.', todo: 'Correct what the sentence below names.' },
  payload_too_large: { what: 'The request is too large.', todo: 'Send less at once.' },
  unavailable: { what: 'The service cannot do this right now.', todo: 'Try again in a moment. A log-in may then want a new signature.' },
  caller_not_allowed: { what: 'The service does not trust the engine in front of it.', todo: 'Tell the operator: ACTIONS_SECRET differs between the two.' },
  not_found: { what: 'There is nothing at this address.', todo: 'Correct it; tell the operator if the page itself asked there.' },
  method_not_allowed: { what: 'This address takes another kind of request.', todo: 'Send the one that docs/api.md shows.' },
  // Of Hasura's own.
  'invalid-jwt': { what: 'The access token has expired, or is not one of this service.', todo: 'Restore the session; if that fails, sign in again.' },
  'invalid-headers': { what: 'The Authorization header holds no bearer token.', todo: 'Leave the header out, or write “Bearer” before the token.' },
  'validation-failed': { what: 'This role has no such field, or the query does not fit the schema.', todo: 'Run it as a role that may, or correct the query.' },
  'access-denied': { what: 'This token may not act in that role, or it is over.', todo: 'Choose a role that the token allows, or restore the session.' },
  'jwt-invalid-claims': { what: 'The engine does not find its claims in the token.', todo: 'Tell the operator: the token is another program’s, or claims_namespace differs on the two sides.' },
  'jwt-missing-role-claims': { what: 'The token names no roles.', todo: 'Tell the operator: it is another program’s token.' },
  'not-found': { what: 'The engine misses something that this wants.', todo: 'Tell the operator: a claim that a permission asks for, or an API that is switched off.' },
  'unexpected-payload': { what: 'The engine does not take this over HTTP.', todo: 'A subscription wants a websocket; this console sends queries and mutations.' },
  'postgres-error': { what: 'The engine does not reach its database.', todo: 'Try again in a moment; if it stays so, tell the operator.' },
  'not-supported': { what: 'The local engine does not do this.', todo: 'Try it against a Hasura; docs/local-engine.md lists what is left out.' },
  unexpected: { what: 'The engine got no answer from the service.', todo: 'Try again in a moment; if it stays so, tell the operator.' },
  // Of the way there.
  'no-answer': { what: 'The server did not answer.', todo: 'Check that it runs and that you are online, then try again. Your session is kept.' },
  'no-graphql': { what: 'What answered is no GraphQL engine.', todo: 'Tell the operator: the proxy leads elsewhere, or the engine is down.' },
  'no-settings': { what: 'The page could not be set up.', todo: 'Check that the server runs, then load the page again.' },
  'not-json': { what: 'The variables are not JSON.', todo: 'Write an object, for example {"id": "…"}, or leave the field empty.' },
  clipboard: { what: 'The browser did not let the page copy.', todo: 'Allow this site to use the clipboard, then try again.' },
  'page-failed': { what: 'This page made a mistake.', todo: 'Load it again, and report what it says below.' },
  'signed-out': { what: 'Not asked: there is no token to send.', todo: 'Sign in first. Without a token everybody is a guest.' },
  'nothing-chosen': { what: 'Nothing is chosen.', todo: 'Tick at least one box.' },
  // Of wallets, by their numbers in EIP-1193 and JSON-RPC.
  'wallet-none': { what: 'No wallet was found in this browser.', todo: 'Install or unlock one, then look again. You can also sign in with a password.' },
  'wallet-4001': { what: 'You declined in the wallet.', todo: 'Nothing happened. Sign in again when you want to.' },
  'wallet-4100': { what: 'The wallet has not allowed this site.', todo: 'Unlock the wallet, allow this site there, and sign in again.' },
  'wallet-4200': { what: 'The wallet cannot do this.', todo: 'Use another wallet; it must know personal_sign.' },
  'wallet-4900': { what: 'The wallet is not connected to any network.', todo: 'Connect it, then sign in again.' },
  'wallet-4901': { what: 'The wallet is not connected to this network.', todo: 'Connect it, or choose another network.' },
  'wallet-4902': { what: 'The wallet does not know this network.', todo: 'Add the network in the wallet, or choose another one here.' },
  'wallet-wrong-chain': { what: 'The wallet stayed on another network.', todo: 'Switch the wallet to the network that you chose here, or choose the wallet’s own.' },
  'wallet--32002': { what: 'The wallet has a question open already.', todo: 'Open the wallet and answer it there, then sign in again.' },
  'wallet-no-account': { what: 'The wallet gave no account.', todo: 'Unlock it, choose an account for this site, and sign in again.' },
  'wallet-failed': { what: 'The wallet failed.', todo: 'Open the wallet and look there, then try again or use another one.' },
}
