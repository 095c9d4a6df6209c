import { find } from './dom.js'

/**
 * Single letters, so that no hand has to leave the keyboard; never while somebody types, nor with a modifier, which
 * belongs to the browser.
 *
 * @param {readonly string[]} views
 */
export function listenForKeys(views) {
  addEventListener('keydown', (event) => {
    const { target, key } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const isTyping = target instanceof Element && target.matches('input, select, textarea')
    if (isTyping) {
      if (key === 'Escape' && target instanceof HTMLElement) target.blur()
      return
    }
    if (document.querySelector('dialog[open]') !== null) return
    if (press(key, views)) event.preventDefault()
  })
}

/**
 * @param {string} key
 * @param {readonly string[]} views
 * @returns {boolean} whether it was for us
 */
function press(key, views) {
  const isInside = !find('nav', HTMLElement).hidden
  if (!isInside) return false
  const view = views[Number(key) - 1]
  if (view !== undefined) location.hash = `#/${view}`
  else if (key === 'j' || key === 'ArrowDown') return walk(1)
  else if (key === 'k' || key === 'ArrowUp') return walk(-1)
  else if (key === '/') focus('#search')
  else if (key === 'm') click('#more')
  else if (key === 'u') click('#back')
  else if (key === '?') find('#help', HTMLDialogElement).showModal()
  else return false
  return true
}

/**
 * To the next row, or to the first from wherever else the focus is. Without rows the key scrolls, as always.
 *
 * @param {number} step
 */
function walk(step) {
  const rows = [...document.querySelectorAll('a.row')]
  const at = rows.findIndex((row) => row === document.activeElement)
  const next = rows[at === -1 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)]
  if (!(next instanceof HTMLElement)) return false
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
  return true
}

/** @param {string} selector */
function focus(selector) {
  const element = document.querySelector(selector)
  if (element instanceof HTMLInputElement) {
    element.focus()
    element.select()
  } else location.hash = '#/deposits?search'
}

/** @param {string} selector */
function click(selector) {
  const element = document.querySelector(selector)
  if (element instanceof HTMLElement) element.click()
}

/**
 * A question before something is sent. No is where the focus is: Enter alone does nothing.
 *
 * @param {import('./views.js').Question} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, yes }) {
  const dialog = find('#confirm', HTMLDialogElement)
  find('#confirm-title', HTMLElement).textContent = title
  find('#confirm-text', HTMLElement).textContent = text
  find('#confirm-yes', HTMLElement).textContent = yes
  dialog.showModal()
  const { promise, resolve } = Promise.withResolvers()
  const answered = new AbortController()
  const answer = (/** @type {boolean} */ isYes) => {
    answered.abort()
    resolve(isYes)
  }
  // Not `close`, which comes later: the next question may be open by then.
  dialog.addEventListener('cancel', () => answer(false), { signal: answered.signal })
  dialog.addEventListener(
    'submit',
    ({ submitter }) => answer(submitter instanceof HTMLButtonElement && submitter.value === 'yes'),
    { signal: answered.signal },
  )
  return promise
}
