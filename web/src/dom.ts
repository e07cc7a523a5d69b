// Elements without a framework: one function that makes them, and those that every part of the page shares.
//
// It is not a renderer. A part builds its nodes once and changes the few that change. Nothing here takes HTML as text,
// which the page's trusted types would refuse, and nothing sets a `style` attribute, which its policy would.

export type Child = Node | string | number | null | undefined | false

type Attributes = Record<string, string | number | boolean | undefined>

/** An element with attributes (`true` is an empty one, `false` and `undefined` none) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value))
  }
  add(element, ...children)
  return element
}

export function add(parent: Node, ...children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)))
  }
}

/** Puts these children in the place of whatever is there. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren()
  add(parent, ...children)
}

/** A node of an SVG picture. */
export function svg(tag: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** A heading with the name of the operation that its card calls, for those who want to call it themselves. */
export function heading(text: string, ...operations: string[]): HTMLElement {
  return h('div', { class: 'heading' }, h('h2', {}, text), ...operations.map((name) => h('code', { class: 'op' }, name)))
}

/** A box of the page, named by its heading. */
export function card(name: string, head: HTMLElement, ...children: Child[]): HTMLElement {
  const title = head.querySelector('h2')
  if (title) title.id = `${name}-title`
  return h('section', { class: `card ${name}`, 'aria-labelledby': `${name}-title` }, head, ...children)
}

/** A field with its label. */
export function field(label: string, input: HTMLElement, hint?: string): HTMLElement {
  input.id ||= unique('field')
  const note = hint ? h('small', { id: `${input.id}-hint` }, hint) : null
  if (note) input.setAttribute('aria-describedby', note.id)
  return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, note)
}

let made = 0
export function unique(prefix: string): string {
  made += 1
  return `${prefix}-${made}`
}

/** 0xa898…E0d5, with the whole of it as its title. */
export function short(text: string, head = 6, tail = 4): HTMLElement {
  if (text.length <= head + tail + 1) return h('code', {}, text)
  return h('code', { title: text }, `${text.slice(0, head)}…${text.slice(-tail)}`)
}

/** A table whose rows become boxes where the screen is narrow: each cell carries its column's name. */
export function table(caption: string, columns: string[], rows: Child[][], empty: string): HTMLElement {
  if (rows.length === 0) return h('p', { class: 'empty' }, empty)
  const cells = (row: Child[]) => row.map((cell, at) => h('td', { 'data-label': columns[at] ?? '' }, h('span', {}, cell)))
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...cells(row)))),
    ),
  )
}
