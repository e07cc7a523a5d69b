// A wallet as viem makes it: reads one JSON object on standard input, prints {address, message, signature}.
//
//   {"private_key", "domain", "uri", "chain_id", "nonce", "issued_at", "statement"?, "expiration_time"?}
//   {"private_key", "text"}      signs this text as it stands
//
// Otherwise the text is built by viem itself (createSiweMessage): what a front end that uses viem really sends.

import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";

const REQUIRED = { private_key: "string", domain: "string", uri: "string", chain_id: "number", nonce: "string", issued_at: "string" };
const OPTIONAL = { statement: "string", expiration_time: "string" };
const PLAIN = { private_key: "string", text: "string" };

function read(text) {
  const input = JSON.parse(text);
  if (input === null || typeof input !== "object" || Array.isArray(input)) throw new Error("the input must be a JSON object");
  const required = "text" in input ? PLAIN : REQUIRED;
  const known = "text" in input ? PLAIN : { ...REQUIRED, ...OPTIONAL };
  for (const [name, value] of Object.entries(input)) {
    if (!(name in known)) throw new Error(`unknown field ${name}`);
    if (value === null && name in OPTIONAL) continue;
    if (typeof value !== known[name]) throw new Error(`${name} must be a ${known[name]}`);
  }
  for (const name of Object.keys(required)) {
    if (!(name in input)) throw new Error(`${name} is missing`);
  }
  return input;
}

function date(name, text) {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) throw new Error(`${name} is not a time`);
  return value;
}

try {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const input = read(Buffer.concat(chunks).toString("utf8"));

  const account = privateKeyToAccount(input.private_key);
  const message = input.text ?? createSiweMessage({
    address: account.address,
    domain: input.domain,
    uri: input.uri,
    version: "1",
    chainId: input.chain_id,
    nonce: input.nonce,
    issuedAt: date("issued_at", input.issued_at),
    ...(input.statement != null && { statement: input.statement }),
    ...(input.expiration_time != null && { expirationTime: date("expiration_time", input.expiration_time) }),
  });
  const signature = await account.signMessage({ message });
  console.log(JSON.stringify({ address: account.address, message, signature }));
} catch (error) {
  // The key is in the input, so nothing of that is printed: the first line of the reason is.
  console.error(`viem.mjs: ${String(error.message).split("\n", 1)[0]}`);
  process.exitCode = 1;
}
