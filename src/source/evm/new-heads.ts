import { WebSocket } from 'undici'

const SUBSCRIBE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'eth_subscribe',
  params: ['newHeads'],
})

export interface NewHeadsListener {
  readonly onSubscribed: () => void
  readonly onHead: () => void
  readonly onEnd: () => void
}

/** Subscribes to new heads over a websocket; returns what closes it. Nothing of what it says is believed. */
export function subscribeNewHeads(url: string, listener: NewHeadsListener): () => void {
  const socket = new WebSocket(url)
  socket.addEventListener('open', () => socket.send(SUBSCRIBE))
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return
    if (data.includes('"eth_subscription"')) listener.onHead()
    else if (data.includes('"result"')) listener.onSubscribed()
  })
  socket.addEventListener('error', listener.onEnd)
  socket.addEventListener('close', listener.onEnd)
  return () => socket.close()
}
