/** How long to wait before trying again. Pure: the chance is handed in. */
export interface BackoffRules {
  /** Before the second attempt. */
  readonly initialMs: number
  readonly maxMs: number
}

/** Kafka's defaults: 100 ms, doubled each time, at most a second. */
export const DEFAULT_BACKOFF: BackoffRules = { initialMs: 100, maxMs: 1000 }

/** The wait varies by this part up and down, so that clients do not return all at once. */
const JITTER = 0.2

/**
 * Milliseconds to wait after `failures` attempts have failed (1 or more). `chance` is uniform in
 * [0, 1).
 */
export function backoffMs(
  failures: number,
  chance: number,
  rules: BackoffRules = DEFAULT_BACKOFF,
): number {
  const doublings = Math.min(30, Math.max(0, failures - 1))
  const planned = Math.min(rules.maxMs, rules.initialMs * 2 ** doublings)
  return Math.round(planned * (1 - JITTER + 2 * JITTER * chance))
}
