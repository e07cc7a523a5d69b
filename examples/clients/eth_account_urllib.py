"""eth-account signs, the standard library asks: a session for a bot or a script.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python eth_account_urllib.py
"""

import base64
import json
import os
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from eth_account import Account
from eth_account.messages import encode_defunct

ENDPOINT = os.environ.get("ENDPOINT", "http://localhost:8080") + "/v1/graphql"
ORIGIN = os.environ.get("ORIGIN", "http://localhost:3000")

LOG_IN = "mutation v1Login($session: LoginInput!) { v1Login(session: $session) { res } }"
RESTORE = "mutation v1RestoreSession($session: RestoreSessionInput!) { v1RestoreSession(session: $session) { res } }"
RENAME = "mutation ($account: UpdateAccountInput!) { v1UpdateAccount(account: $account) { res } }"


class Refused(Exception):
    """What was refused. Decide by `code`; the sentence is for people."""

    def __init__(self, error: dict):
        super().__init__(error["message"])
        self.code = error.get("extensions", {}).get("code")


def post(query: str, variables: dict | None = None, token: str | None = None) -> dict:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    with urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers), timeout=20) as reply:
        answer = json.load(reply)
    if "errors" in answer:
        raise Refused(answer["errors"][0])
    return answer["data"]


class Session:
    """Signed in as this account. Its tokens live in this process alone; threads may share it."""

    def __init__(self, account):
        self.account, self.tokens, self.lock = account, None, threading.Lock()

    def log_in(self) -> None:
        message = "\n".join([
            f"{ORIGIN.split('://')[1]} wants you to sign in with your Ethereum account:", self.account.address, "",
            "Sign in to the example.", "",
            f"URI: {ORIGIN}", "Version: 1", "Chain ID: 1",
            f"Nonce: {post('{ v1Nonce { res } }')['v1Nonce']['res']['nonce']}",
            f"Issued At: {datetime.now(timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}",
        ])  # fmt: skip
        signature = self.account.sign_message(encode_defunct(text=message)).signature
        proof = {"message": message, "signature": "0x" + bytes(signature).hex()}
        self.tokens = post(LOG_IN, {"session": proof})["v1Login"]["res"]

    def restore(self, spent: dict) -> None:
        """New tokens, unless another thread has got them already. No token is sent: Hasura would refuse a stale one."""
        with self.lock:
            if self.tokens is spent:
                answer = post(RESTORE, {"session": {"refreshToken": spent["refreshToken"]}})
                self.tokens = answer["v1RestoreSession"]["res"]

    def ask(self, query: str, variables: dict | None = None) -> dict:
        tokens = self.tokens
        try:
            return post(query, variables, tokens["accessToken"])
        except Refused as error:
            if error.code not in ("invalid-jwt", "access-denied"):
                raise
        # Nothing of it was executed, so it may be sent again. That the session is over reads `refresh_token_invalid`.
        self.restore(tokens)
        return post(query, variables, self.tokens["accessToken"])


def time_passes(tokens: dict) -> None:
    """Until the access token has ended, where that takes two minutes at most; else it is spoilt, which Hasura calls the same."""
    claims = tokens["accessToken"].split(".")[1]
    left = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"] - time.time()
    if left <= 120:
        time.sleep(left + 1)
    else:
        tokens["accessToken"] += "x"


session = Session(Account.create())
rename = {"account": {"data": {"networks": ["ethereum"], "name": "python.eth", "address": session.account.address}}}
try:
    post(RENAME, rename)
except Refused as error:
    print("as guest:", error.code)

session.log_in()
print("signed in as", session.account.address)
print("renamed on:", session.ask(RENAME, rename)["v1UpdateAccount"]["res"]["updatedIn"])

# Four threads find the token refused at once. One restores; the others use what it got.
time_passes(session.tokens)
with ThreadPoolExecutor(4) as threads:
    renamed = list(threads.map(lambda _: session.ask(RENAME, rename)["v1UpdateAccount"]["res"]["updatedIn"], range(4)))
print("renamed after a restore:", len(renamed), "times")

session.ask("mutation { v1Logout { res } }")
try:
    session.restore(session.tokens)
except Refused as error:
    print("after the log-out:", error.code)
