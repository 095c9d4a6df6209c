import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'

const BINARY = '/usr/bin/chromium'
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--hide-scrollbars',
  '--disable-lcd-text',
]
/** Nothing here takes seconds on an idle machine; a busy one is given time. */
const WAIT_MS_MAX = 120_000
const LOOK_MS = 50

interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Record<string, unknown>
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** A browser of the test's own with an empty profile, spoken to over the DevTools protocol. */
export async function openPage(t: TestContext): Promise<Page> {
  const profile = await mkdtemp(path.join(os.tmpdir(), 'settled-chromium-'))
  const child = spawn(
    BINARY,
    [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  t.after(async () => {
    await end(child)
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  })
  const connection = await Connection.open(await listeningUrl(child))
  t.after(() => connection.close())
  const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', {
    url: 'about:blank',
  })
  const attach = { targetId, flatten: true }
  const { sessionId } = await connection.send<{ sessionId: string }>(
    'Target.attachToTarget',
    attach,
  )
  const page = new Page(connection, sessionId)
  await page.begin()
  return page
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  assert.ok(child.stderr !== null)
  const said: string[] = []
  for await (const line of createInterface(child.stderr)) {
    const url = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1]
    if (url !== undefined) {
      // Whoever stops reading stops the browser once the pipe is full.
      child.stderr.resume()
      return url
    }
    said.push(line)
  }
  throw new Error(`chromium ended before it listened: ${said.join('\n')}`)
}

/** The browser and the processes it started: they are a group of their own. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await exited
}

class Connection {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #listeners: ((message: Message) => void)[] = []
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) =>
      this.#take(JSON.parse(String(data)) as Message),
    )
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser went away'))
    })
  }

  static async open(url: string): Promise<Connection> {
    const socket = new WebSocket(url)
    await once(socket, 'open')
    return new Connection(socket)
  }

  send<Result>(method: string, params: object, sessionId?: string): Promise<Result> {
    this.#last += 1
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#last, answer)
    this.#socket.send(JSON.stringify({ id: this.#last, method, params, sessionId }))
    return answer.promise as Promise<Result>
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.#socket.close()
  }

  #take(message: Message): void {
    if (message.id === undefined) {
      for (const listener of this.#listeners) listener(message)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) waiting?.resolve(message.result)
    else waiting?.reject(new Error(message.error.message))
  }
}

interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
}

/** Keys that type no character, by the code the protocol wants. */
const CODES: Readonly<Record<string, number>> = {
  Enter: 13,
  Escape: 27,
  Tab: 9,
  ArrowUp: 38,
  ArrowDown: 40,
}

export class Page {
  /** Whatever the page's own code, or the browser on its behalf, complained about; failed requests are not. */
  readonly complaints: string[] = []
  /** Every address that was asked for. */
  readonly requests: string[] = []
  readonly #connection: Connection
  readonly #sessionId: string

  constructor(connection: Connection, sessionId: string) {
    this.#connection = connection
    this.#sessionId = sessionId
    connection.listen((message) => {
      if (message.sessionId === sessionId) this.#note(message)
    })
  }

  async begin(): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await this.#send(`${domain}.enable`)
    await this.resize(1_120, 800)
  }

  async resize(width: number, height: number): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false }
    await this.#send('Emulation.setDeviceMetricsOverride', metrics)
  }

  async prefer(scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#send('Emulation.setEmulatedMedia', { features })
  }

  async goto(url: string): Promise<void> {
    await this.#send('Page.navigate', { url })
    await this.until(`document.readyState === 'complete' && location.href === ${quote(url)}`)
  }

  /** What the expression is in the page: JSON only. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#send<Evaluated>('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description)
    return result.value as Value
  }

  /** Looks again and again until the expression is true. */
  async until(expression: string): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + WAIT_MS_MAX
    while (!(await this.#holds(expression))) {
      if (systemClock.monotonicMs() > deadlineMs) {
        assert.fail(`never true: ${expression}; the page says:\n${await this.text('body')}`)
      }
      await systemClock.sleep(LOOK_MS)
    }
  }

  /** Until the page, or that part of it, has this text. */
  async sees(text: string, selector = 'main'): Promise<void> {
    await this.until(`${one(selector)}?.innerText.includes(${quote(text)})`)
  }

  text(selector: string): Promise<string> {
    return this.evaluate(`${one(selector)}?.innerText ?? ''`)
  }

  async click(selector: string): Promise<void> {
    await this.until(`${one(selector)} !== null`)
    await this.evaluate(`${one(selector)}.click()`)
  }

  async press(key: string): Promise<void> {
    const code = CODES[key]
    const typed = key === 'Enter' ? { text: '\r' } : code === undefined ? { text: key } : {}
    const press = { key, ...(code !== undefined && { windowsVirtualKeyCode: code }) }
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...press, ...typed })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...press })
  }

  /** Where the focus is. */
  async type(text: string): Promise<void> {
    await this.#send('Input.insertText', { text })
  }

  async picture(): Promise<Buffer> {
    const { data } = await this.#send<{ data: string }>('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data, 'base64')
  }

  /** A navigation takes the page away under an expression: then it does not hold yet. */
  async #holds(expression: string): Promise<boolean> {
    try {
      return (await this.evaluate(`Boolean(${expression})`)) === true
    } catch (error) {
      if (error instanceof Error && /context|navigat/i.test(error.message)) return false
      throw error
    }
  }

  #send<Result>(method: string, params: object = {}): Promise<Result> {
    return this.#connection.send<Result>(method, params, this.#sessionId)
  }

  #note({ method, params = {} }: Message): void {
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params['request'] as { url: string }).url)
    } else if (method === 'Log.entryAdded') {
      const { source, text } = params['entry'] as { source: string; text: string }
      if (source !== 'network') this.complaints.push(`${source}: ${text}`)
    } else if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled') {
      this.complaints.push(JSON.stringify(params))
    }
  }
}

function one(selector: string): string {
  return `document.querySelector(${quote(selector)})`
}

/** As an expression of the page's language. */
export function quote(text: string): string {
  return JSON.stringify(text)
}
