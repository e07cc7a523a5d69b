// Every link of the finished book leads to a page or file of it, and to a heading that is there. Says what does not, and ends with 1.
import fs from 'node:fs'
import path from 'node:path'

const root = 'target/book/html'
const pages = fs.readdirSync(root, { recursive: true }).filter((file) => file.endsWith('.html'))
const texts = new Map(pages.map((page) => [path.normalize(page), fs.readFileSync(path.join(root, page), 'utf8')]))
const broken = []
let seen = 0
for (const [page, html] of texts) {
  // What is beside the text of the page: mdBook's own menus and scripts.
  const body = html.match(/<main>(.*)<\/main>/s)?.[1] ?? ''
  for (const [, link] of body.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
    if (/^[a-z]+:/.test(link)) continue
    seen += 1
    const [file, heading] = decodeURI(link).split('#')
    const to = file ? path.normalize(path.join(path.dirname(page), file)) : page
    if (!fs.existsSync(path.join(root, to))) broken.push(`${page}: ${link}`)
    else if (heading && !texts.get(to)?.includes(`id="${heading}"`)) broken.push(`${page}: ${link} (no such heading)`)
  }
}
console.log(`${texts.size} pages, ${seen} links`)
if (broken.length || seen < 200) {
  console.error(broken.join('\n') || 'hardly any link was found')
  process.exit(1)
}
