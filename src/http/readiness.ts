/** What must hold; each answers `null`, or a sentence that says what is wrong. */
export interface Probes {
  readonly database: () => Promise<string | null>
  readonly chains: readonly ChainProbe[]
}

export interface ChainProbe {
  readonly chain: string
  check(): Promise<string | null>
}

export interface Readiness {
  /** Whether requests are welcome. A chain in trouble turns nobody away: what is known of it can be asked for. */
  readonly ready: boolean
  /** Whether nothing at all is wrong. */
  readonly healthy: boolean
  readonly database: string | null
  readonly chains: readonly { readonly chain: string; readonly problem: string | null }[]
}

/** Asks all probes at once. One that throws is a problem like any other: a probe must not hide what failed. */
export async function askProbes(probes: Probes): Promise<Readiness> {
  const [database, chains] = await Promise.all([
    ask(probes.database),
    Promise.all(
      probes.chains.map(async (probe) => ({
        chain: probe.chain,
        problem: await ask(() => probe.check()),
      })),
    ),
  ])
  const ready = database === null
  return {
    ready,
    healthy: ready && chains.every(({ problem }) => problem === null),
    database,
    chains,
  }
}

async function ask(check: () => Promise<string | null>): Promise<string | null> {
  try {
    return await check()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
