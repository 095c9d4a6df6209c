import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A script of ours in a process of its own, which answers questions one at a time. */
export interface Child extends AsyncDisposable {
  ask<Answer>(question: string): Promise<Answer>
}

export interface ChildOptions {
  /** File name within this folder. */
  readonly script: string
  readonly args?: readonly (string | number)[]
  readonly execArgv?: readonly string[]
}

export async function startChild(options: ChildOptions): Promise<Child> {
  const { script, args = [], execArgv = [] } = options
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = fork(file, args.map(String), { execArgv: ['--expose-gc', ...execArgv] })
  const failed = failure(child, script)
  const ask = async <Answer>(question: string): Promise<Answer> => {
    const answered = once(child, 'message')
    child.send(question)
    const [answer] = await Promise.race([answered, failed])
    return answer as Answer
  }
  await Promise.race([once(child, 'message'), failed])
  return {
    ask,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** The child's half: says that it is ready and answers until the parent goes. */
export function answerParent(answers: Readonly<Record<string, () => unknown>>): void {
  process.on('message', (question: string) => {
    void Promise.resolve(answers[question]?.()).then((answer) => process.send?.(answer ?? null))
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

function failure(child: ChildProcess, script: string): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)))
  })
  failed.catch(() => undefined)
  return failed
}
