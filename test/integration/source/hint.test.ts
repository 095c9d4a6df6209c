import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAnvil } from '../../../src/dev/anvil.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import { anvilFor, openEvmSource } from '../../support/evm-chain.ts'
import { CONTRACT } from '../../support/fake-node.ts'

/** The websocket that makes the poll come sooner, on a real node. */

test('it rings at new blocks, and again after the node came back', async (t) => {
  const first = await startAnvil()
  t.after(() => first.stop())
  const source = await openEvmSource(t, {
    urls: [first.url],
    contract: CONTRACT,
    websocketUrl: first.wsUrl,
  })
  const bell = new Bell()
  source.onHint(() => bell.ring())
  await ringing(first.url, bell)

  await first.stop()
  const second = await startAnvil({ port: Number(new URL(first.url).port) })
  t.after(() => second.stop())
  await ringing(second.url, bell)
})

test('without a websocket, or with a dead one, there is silence and closing ends', async (t) => {
  const url = await anvilFor(t)
  const urls = [url]
  const silent = await openEvmSource(t, { urls, contract: CONTRACT })
  silent.onHint(() => assert.fail('nobody rings'))
  const dead = await openEvmSource(t, {
    urls,
    contract: CONTRACT,
    websocketUrl: 'ws://127.0.0.1:1',
  })
  dead.onHint(() => assert.fail('nobody rings'))
  await mine(url)
  assert.equal((await dead.head()).height, 1)
  await Promise.all([silent.close(), dead.close()])
})

/** Mines until the bell rings: a block that came before the subscription rings nobody. */
async function ringing(url: string, bell: Bell): Promise<void> {
  const rung = bell.next()
  for (let isRung = false; !isRung;) {
    await mine(url)
    isRung = await Promise.race([rung.then(() => true), immediately(false)])
  }
}

function immediately<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(resolve, value))
}

class Bell {
  #waiting = Promise.withResolvers<void>()

  ring(): void {
    this.#waiting.resolve()
    this.#waiting = Promise.withResolvers<void>()
  }

  next(): Promise<void> {
    return this.#waiting.promise
  }
}
