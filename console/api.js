/** What the API refused, as it said it: `detail` is a sentence for people. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** Settled's own API under the same origin, with the key that was typed. */
export class Api {
  #key

  /** @param {string} key */
  constructor(key) {
    this.#key = key
  }

  /**
   * @param {string} path such as `v1/deposits`
   * @param {Record<string, string | null>} [query] what is null or empty is left out
   * @returns {Promise<any>}
   */
  get(path, query = {}) {
    const url = new URL(path, document.baseURI)
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== '') url.searchParams.set(name, value)
    }
    return this.#ask(url, {})
  }

  /**
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  post(path, body) {
    const json = body === undefined ? null : JSON.stringify(body)
    return this.#ask(new URL(path, document.baseURI), { method: 'POST', body: json })
  }

  /**
   * @param {URL} url
   * @param {{ method?: string, body?: string | null }} request
   */
  async #ask(url, { method = 'GET', body = null }) {
    const headers = new Headers({ authorization: `Bearer ${this.#key}` })
    if (method === 'POST') headers.set('idempotency-key', freshKey())
    if (body !== null) headers.set('content-type', 'application/json')
    const request = { method, body, headers, credentials: /** @type {const} */ ('omit') }
    const response = await fetch(url, request).catch(() => {
      throw new Refusal(0, 'settled does not answer. Is the daemon running, and the network up?')
    })
    const answer = parse(await response.text())
    if (response.ok) return answer
    throw new Refusal(response.status, answer?.detail ?? `settled answered ${response.status}`)
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's page of HTML, say; the status has to do.
    return null
  }
}

/** `crypto.randomUUID` is missing where the page came over plain HTTP. */
function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * For views with a form: what was wrong with the question is said beside it. A key that is no longer valid is not a
 * matter of the question.
 *
 * @param {Promise<any>} asked
 * @returns {Promise<{ answer: any, refused: string | null }>}
 */
export async function orRefusal(asked) {
  try {
    return { answer: await asked, refused: null }
  } catch (error) {
    if (!(error instanceof Refusal) || error.status === 401) throw error
    return { answer: null, refused: error.message }
  }
}
