import fc from 'fast-check'

/**
 * The same draws in every run, so that a change decides whether a property holds and never luck. A run with
 * `SETTLED_TEST_SEED=<number>` makes others; a failure names its own.
 */
fc.configureGlobal({ seed: Number(process.env['SETTLED_TEST_SEED'] ?? 1) })

export { fc }
