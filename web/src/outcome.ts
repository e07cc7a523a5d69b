// What became of something that a person asked for: a place that screen readers watch, and the buttons that lead there.
import { add, fill, h } from './dom.ts'
import type { Child } from './dom.ts'
import { Refusal } from './refusals.ts'

/** One place for one outcome. It is in the page before anything is said in it, or it would not be read aloud. */
export class Outcome {
  readonly element = h('div', { class: 'outcome', role: 'status', 'aria-live': 'polite' })

  clear(): void {
    this.element.replaceChildren()
  }

  working(text: string, ...more: Child[]): void {
    fill(this.element, h('div', { class: 'said working' }, h('p', {}, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text), ...more))
  }

  good(...children: Child[]): void {
    fill(this.element, h('div', { class: 'said good' }, h('p', {}, ...children)))
  }

  refuse(error: unknown): void {
    fill(this.element, refused(error))
  }
}

/** A refusal in words, with its code and the sentence of whoever refused. */
export function refused(error: unknown): HTMLElement {
  const refusal = error instanceof Refusal ? error : new Refusal('page-failed', error instanceof Error ? error.message : String(error))
  const { what, todo } = refusal.words
  const box = h('div', { class: 'said refused', 'data-code': refusal.code }, h('p', {}, h('strong', {}, what), ' ', todo))
  const detail = h('p', { class: 'detail' }, h('code', {}, refusal.code))
  if (refusal.sentence) add(detail, ' ', refusal.sentence)
  box.append(detail)
  return box
}

interface Look {
  kind?: 'primary' | 'quiet' | 'danger'
  label?: string
  submit?: boolean
}

/** A button named by what it does. While it works it stays where the keyboard is, and takes no second press. */
export function button(does: string, text: Child, look: Look = {}): HTMLButtonElement {
  return h(
    'button',
    { type: look.submit ? 'submit' : 'button', class: look.kind ?? 'plain-button', 'data-does': does, 'aria-label': look.label },
    text,
  )
}

/** Lets a press of `pressed` run `work`, and says in `outcome` what refused it. */
export function onPress(pressed: HTMLButtonElement, outcome: Outcome, work: () => Promise<void>): HTMLButtonElement {
  pressed.addEventListener('click', () => void run(pressed, outcome, work))
  return pressed
}

/** The same for a form, which Enter sends too. */
export function onSubmit(form: HTMLFormElement, outcome: Outcome, work: () => Promise<void>): HTMLFormElement {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const pressed = form.querySelector<HTMLButtonElement>('button[type=submit]')
    if (pressed) void run(pressed, outcome, work)
  })
  return form
}

async function run(pressed: HTMLButtonElement, outcome: Outcome, work: () => Promise<void>): Promise<void> {
  if (pressed.getAttribute('aria-disabled') === 'true') return
  pressed.setAttribute('aria-disabled', 'true')
  outcome.clear()
  try {
    await work()
  } catch (error) {
    outcome.refuse(error)
  } finally {
    pressed.removeAttribute('aria-disabled')
  }
}
