// JSON with its kinds told apart by colour.
import { h } from './dom.ts'

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|(true|false|null)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g

/** A block that scrolls, for the keyboard as well. */
export function json(value: unknown, label: string): HTMLElement {
  const text = JSON.stringify(value, null, 2) ?? 'undefined'
  const code = h('code', {})
  let last = 0
  for (const match of text.matchAll(TOKEN)) {
    const [all, string, colon, word, number] = match
    code.append(text.slice(last, match.index))
    const kind = string ? (colon ? 'key' : 'string') : word ? 'word' : 'number'
    code.append(h('span', { class: `json-${kind}` }, string ?? word ?? number ?? ''))
    if (colon) code.append(colon)
    last = match.index + all.length
  }
  code.append(text.slice(last))
  return h('pre', { class: 'json', tabindex: 0, role: 'region', 'aria-label': label }, code)
}
