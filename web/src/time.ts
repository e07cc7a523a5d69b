// Times as a person reads them, and what counts down.

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** A date that is short to read and exact on hover, for machines too. */
export function moment(at: number | string): HTMLTimeElement {
  const date = new Date(at)
  const element = document.createElement('time')
  element.dateTime = date.toISOString()
  element.title = EXACT.format(date)
  element.textContent = DATE.format(date)
  return element
}

/** 13 d 23 h, 59 min 12 s, 8 s: the two largest units. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const from = parts.findIndex(([count]) => count > 0)
  if (from < 0) return '0 s'
  return parts
    .slice(from, from + 2)
    .filter(([count], at) => at === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** Runs `tick` now and each second, for as long as `element` is in the page. */
export function ticking(element: Element, tick: () => void): void {
  tick()
  const timer = setInterval(() => {
    if (element.isConnected) tick()
    else clearInterval(timer)
  }, 1000)
}
