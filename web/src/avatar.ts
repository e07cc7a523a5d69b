// A small picture of an address or an id, so that two of them are told apart at a glance. It proves nothing.
import { svg } from './dom.ts'

const SIZE = 5

export function avatar(seed: string): SVGElement {
  let state = 2166136261
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9
    return (state >>> 8) / 0x1000000
  }
  for (const char of seed.toLowerCase()) state = Math.imul(state ^ char.charCodeAt(0), 16777619)
  const hue = Math.floor(next() * 360)
  const cells: SVGElement[] = [svg('rect', { width: SIZE, height: SIZE, fill: `hsl(${hue} 45% 88%)` })]
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < Math.ceil(SIZE / 2); x += 1) {
      const drawn = next()
      if (drawn < 0.5) continue
      const fill = drawn > 0.85 ? `hsl(${(hue + 150) % 360} 55% 45%)` : `hsl(${hue} 50% 42%)`
      for (const column of new Set([x, SIZE - 1 - x])) cells.push(svg('rect', { x: column, y, width: 1, height: 1, fill }))
    }
  }
  return svg('svg', { viewBox: `0 0 ${SIZE} ${SIZE}`, class: 'avatar', 'aria-hidden': 'true', 'shape-rendering': 'crispEdges' }, ...cells)
}
