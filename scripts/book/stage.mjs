// Lays the documents out for mdBook in target/book/src: docs/ at its root, all other pages of docs/SUMMARY.md under project/. Links between
// pages are rewritten to that, files that pages show are copied, and ```mermaid blocks, which GitHub draws, become SVG.
// Run by scripts/book.sh.
import fs from 'node:fs'
import path from 'node:path'
import { drawn } from './sequence.mjs'

const target = 'target/book/src'
const { dirname, join, relative } = path.posix
const read = (file) => fs.readFileSync(file, 'utf8')
const write = (file, text) => {
  fs.mkdirSync(dirname(join(target, file)), { recursive: true })
  fs.writeFileSync(join(target, file), text)
}
/** Where a file of the project lies in the book. */
const place = (file) => (file.startsWith('docs/') ? file.slice('docs/'.length) : join('project', file))

/** `text` with each `[…](target)` outside of code passed through `change`; where that gives nothing, the text alone stays. */
function links(text, change) {
  let inBlock = false
  const line = (line) => {
    if (line.trimStart().startsWith('```')) inBlock = !inBlock
    if (inBlock) return line
    const outside = (part) =>
      part.replace(/(\[[^\]]*)?\]\(([^)\s]+)\)/g, (_, shown = '', target) => {
        const to = change(target)
        return to ? `${shown}](${to})` : shown.slice(1)
      })
    return line.split('`').map((part, i) => (i % 2 ? part : outside(part))).join('`')
  }
  return text.split('\n').map(line).join('\n')
}

const summary = read('docs/SUMMARY.md')
const pages = []
links(summary, (target) => pages.push(join('docs', target)))

/** A link of `page`, as it has to be in the book. */
function moved(page, link) {
  if (/^[a-z]+:/.test(link) || link.startsWith('#')) return link
  const [file, heading] = link.split('#')
  let to = join(dirname(page), file).replace(/\/$/, '')
  // The contents stand beside every page.
  if (to === 'docs/SUMMARY.md') to = pages[0]
  if (!pages.includes(to)) {
    // A folder has no page.
    if (fs.statSync(to).isDirectory()) return undefined
    fs.mkdirSync(dirname(join(target, place(to))), { recursive: true })
    fs.copyFileSync(to, join(target, place(to)))
  }
  return relative(dirname(place(page)), place(to)) + (heading ? `#${heading}` : '')
}

fs.rmSync(target, { recursive: true, force: true })
write('SUMMARY.md', links(summary, (link) => place(join('docs', link))))
for (const page of pages) {
  const text = links(read(page), (link) => moved(page, link))
  write(place(page), text.replace(/```mermaid\n(.*?)```\n/gs, (_, source) => `<div class="diagram">${drawn(source)}</div>\n`))
}
