/** One thing that must be true before traffic is welcome: `null`, or a sentence that says what is wrong. */
export interface Probe {
  readonly name: string
  check(): Promise<string | null>
}

export interface Readiness {
  readonly ready: boolean
  readonly checks: readonly { readonly name: string; readonly problem: string | null }[]
}

/** Asks all probes at once. One that throws is a problem like any other: a probe must not hide what failed. */
export async function askProbes(probes: readonly Probe[]): Promise<Readiness> {
  const checks = await Promise.all(
    probes.map(async (probe) => ({ name: probe.name, problem: await ask(probe) })),
  )
  return { ready: checks.every(({ problem }) => problem === null), checks }
}

async function ask(probe: Probe): Promise<string | null> {
  try {
    return await probe.check()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
