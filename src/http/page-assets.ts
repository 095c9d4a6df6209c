import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** The page for people, found both from `src/http` and from `dist/http`. */
export const CONSOLE = fileURLToPath(new URL('../../console', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}

/** A file of the page as it is served: it never changes while the daemon runs. */
export interface PageAsset {
  readonly name: string
  readonly type: string
  readonly body: Buffer
  /** A third of the bytes, for whoever reads it: every browser does. Made when it is first asked for. */
  readonly gzipped: Buffer
  /** Of the content, compressed or not: the same in whichever daemon behind a load balancer. */
  readonly etag: string
}

/** Reads the folder once; a name that is asked for can then only be one of these, never a path. */
export function readPageAssets(directory = CONSOLE): PageAsset[] {
  return readdirSync(directory)
    .toSorted()
    .flatMap((name) => {
      const type = TYPES[path.extname(name)]
      if (type === undefined) return []
      const body = readFileSync(path.join(directory, name))
      const digest = createHash('sha256').update(body).digest('base64url')
      let gzipped: Buffer | null = null
      const asset: PageAsset = {
        name,
        type,
        body,
        get gzipped() {
          gzipped ??= gzipSync(body)
          return gzipped
        },
        etag: `W/"${digest}"`,
      }
      return [asset]
    })
}
