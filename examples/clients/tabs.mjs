// @ts-check
// Lets all tabs of an app share one session; a new tab joins it. Copy it beside session.mjs and call it once a tab:
//
//   shareBetweenTabs(session)
//
// Why it is needed: a refresh token is good once. Tabs that restore at the same moment all get the same answer, the service
// sees to that (REFRESH_GRACE, 30 s). But a tab that comes an hour later with a token that another has spent looks like a thief,
// and the session ends. So each tab tells the others. A BroadcastChannel reaches pages of the same origin alone and keeps nothing.

/** @param {import('./session.mjs').Session} session @returns {() => void} leaves the others */
export function shareBetweenTabs(session, channel = new BroadcastChannel('hasura-siwe')) {
  let listening = false
  const tell = (/** @type {Event} */ event) => {
    // What was heard is not said again.
    if (!listening) channel.postMessage(/** @type {CustomEvent} */ (event).detail)
  }
  session.addEventListener('change', tell)
  session.addEventListener('over', tell)
  channel.onmessage = ({ data: { isNew, tokens, replaces, reason } }) => {
    if (isNew) {
      if (session.tokens) channel.postMessage({ tokens: session.tokens })
      return
    }
    // News of a token that is not this tab's is old, or of another session.
    if (session.tokens?.refreshToken !== replaces) return
    listening = true
    if (tokens) session.adopt(tokens)
    else session.end(reason)
    listening = false
  }
  channel.postMessage({ isNew: true })
  return () => channel.close()
}
