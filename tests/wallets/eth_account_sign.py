"""A wallet as eth-account makes it: reads one JSON object on standard input, prints {address, message, signature}.

    {"private_key", "domain", "uri", "chain_id", "nonce", "issued_at", "statement"?, "expiration_time"?}
    {"private_key", "text"}      signs this text as it stands

Otherwise the text is laid out here, line by line from ERC-4361, and not by a library: a second reading of the standard
beside viem's. It judges nothing, so a test can have it sign what viem would refuse to build.
"""

import json
import sys

from eth_account import Account
from eth_account.messages import encode_defunct

REQUIRED = {"private_key": str, "domain": str, "uri": str, "chain_id": int, "nonce": str, "issued_at": str}
OPTIONAL = {"statement": str, "expiration_time": str}
PLAIN = {"private_key": str, "text": str}


def read(text: str) -> dict:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("the input must be a JSON object")
    required = PLAIN if "text" in fields else REQUIRED
    known = PLAIN if "text" in fields else REQUIRED | OPTIONAL
    for name, value in fields.items():
        if name not in known:
            raise ValueError(f"unknown field {name}")
        if value is None and name in OPTIONAL:
            continue
        if not isinstance(value, known[name]) or isinstance(value, bool):
            raise ValueError(f"{name} must be a {known[name].__name__}")
    for name in required:
        if name not in fields:
            raise ValueError(f"{name} is missing")
    return fields


def lay_out(address: str, fields: dict) -> str:
    lines = [f"{fields['domain']} wants you to sign in with your Ethereum account:", address, ""]
    # Without a statement the empty line before it stays: two empty lines follow the address.
    if fields.get("statement") is not None:
        lines.append(fields["statement"])
    lines += [
        "",
        f"URI: {fields['uri']}",
        "Version: 1",
        f"Chain ID: {fields['chain_id']}",
        f"Nonce: {fields['nonce']}",
        f"Issued At: {fields['issued_at']}",
    ]
    if fields.get("expiration_time") is not None:
        lines.append(f"Expiration Time: {fields['expiration_time']}")
    return "\n".join(lines)


def main() -> int:
    try:
        fields = read(sys.stdin.buffer.read().decode("utf-8"))
        account = Account.from_key(fields["private_key"])
        message = fields["text"] if "text" in fields else lay_out(account.address, fields)
        signed = account.sign_message(encode_defunct(text=message))
    except Exception as error:  # one line for the test's log, whatever failed; the key is not in it
        reason = (str(error).splitlines() or [""])[0] if isinstance(error, ValueError) else type(error).__name__
        print(f"eth_account_sign.py: {reason}", file=sys.stderr)
        return 1
    print(json.dumps({"address": account.address, "message": message, "signature": "0x" + bytes(signed.signature).hex()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
