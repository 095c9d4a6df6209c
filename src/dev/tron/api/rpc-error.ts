/** An error as the JSON-RPC API of java-tron words it, always with status 200. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data: unknown = '{}') {
    super(message)
    this.code = code
    this.data = data
  }
}
