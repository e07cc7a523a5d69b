// Draws a mermaid sequence diagram as SVG, in the colours of the page that it stands in (book.css). It knows what docs/flows.md uses:
// participants, arrows, notes, opt and par; any other line is an error, so that GitHub and the book show the same.

const LINE = 15 // height of a line of text
const LETTER = 6.7 // width of a letter, more or less
const GAP = 14 // between two things, one above the other
const NARROWEST = 120 // between two participants

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
const width = (lines) => Math.max(...lines.map((line) => line.length)) * LETTER

/** `text` in lines of at most about `most` letters, all of them about as long. */
function wrapped(text, most) {
  const each = text.length / Math.ceil(text.length / most) + 4
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (longer.length > each && lines.at(-1)) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

/** The statements of a diagram. */
function read(source) {
  const [head, ...rest] = source.trim().split('\n').map((line) => line.trim())
  if (head !== 'sequenceDiagram') throw new Error(`no sequence diagram: ${head}`)
  const names = []
  const steps = []
  const at = (id) => {
    const found = names.findIndex((name) => name.id === id)
    if (found < 0) throw new Error(`no participant ${id}`)
    return found
  }
  for (const line of rest) {
    let match
    if ((match = line.match(/^participant (\w+) as (.+)$/))) names.push({ id: match[1], name: match[2] })
    else if ((match = line.match(/^(\w+)(--?)>>(\w+): ([^#;]+)$/)))
      steps.push({ kind: 'arrow', from: at(match[1]), to: at(match[3]), dashed: match[2] === '--', text: match[4] })
    else if ((match = line.match(/^Note over (\w+)(?:,(\w+))?: ([^#;]+)$/)))
      steps.push({ kind: 'note', from: at(match[1]), to: at(match[2] ?? match[1]), text: match[3] })
    else if ((match = line.match(/^(opt|par) (.+)$/))) steps.push({ kind: 'begin', text: `${match[1]}: ${match[2]}` })
    else if (line === 'and' || line === 'end') steps.push({ kind: line })
    else throw new Error(`not understood: ${line}`)
  }
  return { names, steps }
}

/** Where each participant stands: far enough apart for what is written between them. */
function columns(names, steps) {
  const gaps = names.slice(1).map((_, i) => Math.max(NARROWEST, ((names[i].name.length + names[i + 1].name.length) * LETTER) / 2 + 40))
  for (const { kind, from, to, lines } of steps) {
    const [left, right] = [Math.min(from, to), Math.max(from, to)]
    if (kind !== 'arrow' || left === right) continue
    const lacking = width(lines) + 24 - gaps.slice(left, right).reduce((sum, gap) => sum + gap, 0)
    for (let i = left; lacking > 0 && i < right; i++) gaps[i] += lacking / (right - left)
  }
  const margins = steps.filter(({ kind, from }) => kind === 'note' && from === 0).map(({ lines }) => width(lines) / 2 + 20)
  const x = [Math.max((names[0].name.length * LETTER) / 2 + 20, ...margins)]
  for (const gap of gaps) x.push(x.at(-1) + gap)
  return x
}

export function drawn(source) {
  const { names, steps } = read(source)
  for (const step of steps) if (step.text) step.lines = wrapped(step.text, step.kind === 'begin' ? 70 : 36)
  const x = columns(names, steps)
  const last = names.length - 1
  let right = x[last] + (names[last].name.length * LETTER) / 2 + 20
  const above = []
  const below = []
  const open = []
  let y = 24 + LINE + GAP * 1.5
  const text = (lines, at, top, anchor = 'middle') =>
    lines.map((line, i) => `<text x="${at}" y="${top + (i + 0.8) * LINE}" text-anchor="${anchor}">${escaped(line)}</text>`).join('')
  const spoken = names.map(({ name }) => name).join(', ') + '. '
  const said = []

  for (const { kind, from, to, dashed, lines, text: label } of steps) {
    const height = (lines?.length ?? 0) * LINE
    if (kind === 'arrow') {
      said.push(`${names[from].name} to ${names[to].name}: ${label}.`)
      if (from === to) {
        above.push(text(lines, x[from] + 30, y, 'start'))
        above.push(`<path d="M${x[from]} ${y + 2} h22 v${height - 4} h-20" marker-end="url(#head)"/>`)
        right = Math.max(right, x[from] + 50 + width(lines))
        y += height + GAP
      } else {
        above.push(text(lines, (x[from] + x[to]) / 2, y))
        const end = x[to] + (x[to] > x[from] ? -2 : 2)
        above.push(`<path d="M${x[from]} ${y + height + 3} H${end}"${dashed ? ' class="dashed"' : ''} marker-end="url(#head)"/>`)
        y += height + GAP
      }
    } else if (kind === 'note') {
      said.push(`Note, ${names[from].name}: ${label}.`)
      const wide = Math.max(width(lines) + 20, x[to] - x[from] + 40)
      const middle = (x[from] + x[to]) / 2
      right = Math.max(right, middle + wide / 2 + 12)
      above.push(`<rect class="note" x="${middle - wide / 2}" y="${y}" width="${wide}" height="${height + 10}" rx="3"/>`, text(lines, middle, y + 5))
      y += height + 10 + GAP
    } else if (kind === 'begin') {
      said.push(`${label}.`)
      open.push(y)
      above.push(text(lines, 14, y + 4, 'start'))
      y += height + GAP
    } else {
      const begun = open.at(-1)
      if (kind === 'and') above.push(`<path class="dashed" d="M6 ${y - 4} H{right}"/>`)
      else {
        open.pop()
        below.push(`<rect class="block" x="6" y="${begun}" width="{wide}" height="${y - begun - 2}" rx="3"/>`)
      }
      y += GAP * 0.6
    }
  }
  const heads = names.map(({ name }, i) => {
    const wide = name.length * LETTER + 24
    return `<path class="life" d="M${x[i]} 24 V${y}"/><rect class="head" x="${x[i] - wide / 2}" y="6" width="${wide}" height="${LINE + 12}" rx="3"/>${text([name], x[i], 12)}`
  })
  const whole = [...below, ...heads, ...above].join('').replaceAll('{right}', right - 6).replaceAll('{wide}', right - 12)
    .replace(/\d+\.\d{2,}/g, (number) => Number(number).toFixed(1))
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(right)} ${Math.ceil(y + 6)}" width="${Math.ceil(right)}" role="img" ` +
    `aria-label="${escaped(`Sequence of ${spoken}${said.join(' ')}`)}">` +
    '<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path class="point" d="M0 0 L9 4 L0 8 Z"/></marker></defs>' +
    `${whole}</svg>`
  )
}
