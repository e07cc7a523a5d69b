// The sign-in page in a real browser, part by part, in one process with one browser. The last test looks back: every button that
// could be seen was pressed.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pressed, seen, stop } from './support.mjs'

await import('./parts/signing-in.mjs')
await import('./parts/refusals.mjs')
await import('./parts/session.mjs')
await import('./parts/tabs.mjs')
await import('./parts/passwords.mjs')
await import('./parts/console.mjs')
await import('./parts/admin.mjs')
await import('./parts/looks.mjs')

test('every button that could be seen was pressed', () => {
  assert.deepEqual([...seen].filter((does) => !pressed.has(does)), [])
  assert.ok(pressed.size >= 30, [...pressed].join(' '))
})

after(stop)
