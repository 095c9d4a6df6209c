import { Api, Refusal } from './api.js'
import { find, h } from './dom.js'
import { ask, listenForKeys } from './keyboard.js'
import { FIRST, VIEWS } from './views.js'

/** @typedef {import('./views.js').Context} Context */

const KEY = 'settled-api-key'
/** Between two looks at what is shown: soon enough for a person who waits for a deposit. */
const REFRESH_MS = 3_000

const main = find('#main', HTMLElement)
const status = find('#status', HTMLElement)

/** Who is here; null before somebody is. */
/** @type {{ api: Api, environment: any } | null} */
let session = null
/** Nothing is shown yet: no address equals this one. */
const NOTHING = { hash: 'nothing', pages: 1, drawn: '', isStill: false }
/** What is shown: the address, the pages of its list, and the data it was drawn from. */
let shown = NOTHING

for (const name of VIEWS.keys()) {
  const link = h('a', { href: `#/${name}`, id: `view-${name}` }, name)
  find('#views', HTMLElement).append(h('li', null, link))
}
find('#leave', HTMLElement).addEventListener('click', () => leave(''))
find('#help-open', HTMLElement).addEventListener('click', () =>
  find('#help', HTMLDialogElement).showModal(),
)
find('#skip', HTMLElement).addEventListener('click', (event) => {
  // The address is taken: it says which view this is.
  event.preventDefault()
  main.focus()
})
addEventListener('hashchange', () => void show())
listenForKeys([...VIEWS.keys()])
setInterval(() => {
  if (!isBusy() && !shown.isStill) void show()
}, REFRESH_MS)

const kept = sessionStorage.getItem(KEY)
if (kept === null) askForKey('')
else void enter(kept)

/** @param {string} key */
async function enter(key) {
  const api = new Api(key)
  try {
    const environment = await api.get('v1/environment')
    sessionStorage.setItem(KEY, key)
    session = { api, environment }
    find('#environment', HTMLElement).textContent = `${environment.id} (${environment.kind})`
    setBars(true)
    shown = NOTHING
    await show()
  } catch (error) {
    leave(sentenceOf(error))
  }
}

/** @param {string} why */
function leave(why) {
  session = null
  sessionStorage.removeItem(KEY)
  setBars(false)
  askForKey(why)
}

/** @param {boolean} isInside */
function setBars(isInside) {
  find('nav', HTMLElement).hidden = !isInside
  find('.session', HTMLElement).hidden = !isInside
}

/** @param {string} why what was wrong with the key before; empty for nothing */
function askForKey(why) {
  document.title = 'settled'
  status.textContent = ''
  main.replaceChildren(find('#login', HTMLTemplateElement).content.cloneNode(true))
  const field = find('#key', HTMLInputElement)
  find('#refusal', HTMLElement).textContent = why
  find('form', HTMLFormElement, main).addEventListener('submit', (event) => {
    event.preventDefault()
    // What a header cannot carry is no key, and fetch would say so less kindly.
    const key = field.value.trim()
    if (/^[\w-]{1,100}$/.test(key)) void enter(key)
    else askForKey('This is no API key: one begins with settled_live_ or settled_test_.')
  })
  field.focus()
}

/** Reads what the address names, and draws it if it is another view or if anything in it is new. */
async function show() {
  if (session === null) return
  const { hash } = location
  const isOther = hash !== shown.hash
  if (isOther) {
    shown = { ...NOTHING, hash }
    status.textContent = ''
    main.setAttribute('aria-busy', 'true')
  }
  const { view, context } = resolve(hash, session)
  shown.isStill = view.isStill === true
  try {
    const data = await view.load(context)
    if (hash !== location.hash || session === null) return
    const drawn = JSON.stringify(data ?? null)
    if (drawn === shown.drawn) return
    if (!isOther && isBusy()) return
    shown.drawn = drawn
    draw([h('h1', { tabindex: -1 }, view.title), ...view.render(data, context)], isOther)
  } catch (error) {
    fail(error, hash, isOther)
  } finally {
    if (hash === location.hash) main.removeAttribute('aria-busy')
  }
}

/**
 * @param {unknown} error
 * @param {string} hash
 * @param {boolean} isOther
 */
function fail(error, hash, isOther) {
  if (error instanceof Refusal && error.status === 401) leave(sentenceOf(error))
  else if (hash !== location.hash) return
  // What was read before is still worth something.
  else if (!isOther && shown.drawn !== '') status.textContent = sentenceOf(error)
  else
    draw(
      [h('h1', { tabindex: -1 }, 'Not shown'), h('p', { role: 'alert' }, sentenceOf(error))],
      isOther,
    )
}

/**
 * @param {readonly import('./dom.js').Child[]} content
 * @param {boolean} isOther whether it is another view, or what was there, anew
 */
function draw(content, isOther) {
  const focused = document.activeElement
  const key = focused?.getAttribute('data-key') ?? null
  const hadFocus = isOther || main.contains(focused)
  main.replaceChildren(h('div', { class: 'view' }, ...content))
  const title = find('h1', HTMLElement, main)
  document.title = `${title.textContent} · settled`
  const again = key === null ? null : main.querySelector(`[data-key="${CSS.escape(key)}"]`)
  const wanted = isOther ? (main.querySelector('[autofocus]') ?? title) : again
  if (hadFocus && wanted instanceof HTMLElement) wanted.focus({ preventScroll: !isOther })
}

/**
 * @param {string} hash
 * @param {NonNullable<typeof session>} here
 */
function resolve(hash, { api, environment }) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [name = '', ...rest] = path.split('/')
  const known = VIEWS.has(name) ? name : FIRST
  const id = rest.join('/')
  const views = VIEWS.get(known)
  if (views === undefined) throw new Error(`there is no view ${known}`)
  for (const link of document.querySelectorAll('#views a')) {
    if (link.id === `view-${known}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  const params = new URLSearchParams(query)
  /** @type {Context} */
  const context = {
    api,
    environment,
    id,
    params,
    pages: shown.pages,
    showMore: () => {
      shown.pages += 1
      void show()
    },
    go: (changes) => {
      for (const [key, value] of Object.entries(changes)) {
        if (value === '') params.delete(key)
        else params.set(key, value)
      }
      const target = `#/${[known, ...rest].join('/')}?${params}`
      // Asked the same again: there is no change of address to hear of.
      if (target === location.hash) void show()
      else location.hash = target
    },
    refresh: show,
    say: (sentence) => {
      status.textContent = sentence
    },
    confirm: ask,
  }
  return { view: id !== '' && views.one ? views.one : views.list, context }
}

/** Whether a person is in the middle of something that a new drawing would disturb. */
function isBusy() {
  const focused = document.activeElement
  return (
    document.hidden ||
    document.querySelector('dialog[open]') !== null ||
    (focused !== null && main.contains(focused) && focused.matches('input, select, textarea')) ||
    getSelection()?.isCollapsed === false
  )
}

/** @param {unknown} error */
function sentenceOf(error) {
  if (error instanceof Refusal && error.status === 401) {
    return 'This key is not valid: it is unknown or was revoked. "settled key create" makes a new one.'
  }
  return error instanceof Error ? error.message : String(error)
}
