import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

export interface Source {
  /** From the project's root, such as `src/lib/assert.ts`. */
  readonly file: string
  readonly text: string
  /** Files it imports by a relative path. */
  readonly imports: readonly string[]
}

export function readSources(folder: string): Source[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .toSorted()
    .map((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8')
      return { file, text, imports: importsOf(file, text) }
    })
}

/** `import … from './x.ts'`, `export … from`, bare and dynamic imports. */
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(IMPORT)].map(([, specifier = '']) => specifier)
  return specifiers.map((specifier) => path.join(path.dirname(file), specifier))
}
