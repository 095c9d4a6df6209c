import type * as tronweb from 'tronweb'

export type TronWebModule = typeof tronweb

/** Loaded on demand: it costs a second and tens of megabytes, which only a running devnet or wallet is worth. */
export function loadTronWeb(): Promise<TronWebModule> {
  return import('tronweb')
}
