// Put into the page by a test: whatever a person who does not see, or not well, would stumble over.

Object.assign(globalThis, { findOffences })

/** WCAG 2.2, AA, for text of ordinary size. */
const CONTRAST_MIN = 4.5

/** @returns {string[]} controls and drawings without a name, text too faint, headings that skip a level */
function findOffences() {
  const visible = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility())
  return [
    ...visible
      .filter((one) => one.matches(CONTROLS) && !isNamed(one))
      .map((one) => `no name: ${one.outerHTML}`),
    ...visible
      .filter(hasText)
      .filter((one) => contrastOf(one) < CONTRAST_MIN)
      .map((one) => `too faint: ${one.outerHTML}`),
    ...levelsSkipped(),
  ]
}

const CONTROLS = 'button, input, select, textarea, a, [role=img], [role=group]'

/** @param {Element} element a field needs a label: what is typed into it is no name */
function isNamed(element) {
  if (element.hasAttribute('aria-label')) return true
  const isField =
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  return isField ? (element.labels?.length ?? 0) > 0 : element.textContent.trim() !== ''
}

/** @param {Element} element */
function hasText(element) {
  return [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== '')
}

/** @param {Element} element */
function contrastOf(element) {
  const { color, fill } = getComputedStyle(element)
  const text = luminance(element instanceof SVGElement ? fill : color)
  const ground = luminance(groundOf(element))
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
}

/**
 * @param {Element} element
 * @returns {string}
 */
function groundOf(element) {
  const { backgroundColor } = getComputedStyle(element)
  const isClear = backgroundColor.endsWith(', 0)')
  return isClear && element.parentElement !== null
    ? groundOf(element.parentElement)
    : backgroundColor
}

/** @param {string} colour as `rgb(1, 2, 3)` */
function luminance(colour) {
  const parts = (colour.match(/[\d.]+/g) ?? []).map((part) => Number(part) / 255)
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function levelsSkipped() {
  const levels = Array.from(document.querySelectorAll('main :is(h1, h2, h3)'), ({ tagName }) =>
    Number(tagName[1]),
  )
  const skips = levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1)
  return skips ? [`headings skip a level: ${levels.join(', ')}`] : []
}
