import type { Logger } from '../host/host.ts'

/** 'warning': everything is still served. 'error': something is not. */
export type Severity = 'warning' | 'error'

/** What can be wrong with a broker that goes on serving; each kind has its page in docs/. */
export type ConditionKind =
  | 'stray-log'
  | 'damaged-log'
  | 'damaged-metadata'
  | 'partition-not-open'
  | 'deletion-pending'
  | 'coordinator-not-loaded'
  | 'disk-full'
  | 'disk-nearly-full'
  | 'descriptors-spent'
  | 'memory-budget-spent'

/** One thing that is not as it should be, told to the operator. */
export interface Condition {
  readonly kind: ConditionKind
  /** A path, `topic-partition`, a coordinator or a budget; unique within the kind. */
  readonly subject: string
  readonly severity: Severity
  /** One sentence that says what is wrong and what cures it. */
  readonly message: string
  /** Wall clock, ms since 1970. */
  readonly sinceMs: number
}

/**
 * Conditions: everything that is wrong with this broker now. The log, `ottla health` and later the
 * metrics read the same list.
 *
 * Invariants:
 *   (1) A condition is logged once when it begins and once when it is over, however often
 *       `set` is called in between.
 *   (2) `sinceMs` is the time it began; setting it again with another message keeps that time.
 */
export class Conditions {
  readonly #nowMs: () => number
  readonly #log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly #byId = new Map<string, Condition>()

  constructor(nowMs: () => number, log: Pick<Logger, 'info' | 'warn' | 'error'>) {
    this.#nowMs = nowMs
    this.#log = log
  }

  /** Says that something is wrong, or that it still is. */
  set(kind: ConditionKind, subject: string, severity: Severity, message: string): void {
    const id = `${kind} ${subject}`
    const before = this.#byId.get(id)
    const sinceMs = before?.sinceMs ?? this.#nowMs()
    this.#byId.set(id, { kind, subject, severity, message, sinceMs })
    if (before !== undefined) return
    const fields = { condition: kind, subject }
    if (severity === 'error') this.#log.error(fields, message)
    else this.#log.warn(fields, message)
  }

  /** Says that it is over; nothing happens if it was not set. */
  clear(kind: ConditionKind, subject: string): void {
    const id = `${kind} ${subject}`
    const before = this.#byId.get(id)
    if (before === undefined) return
    this.#byId.delete(id)
    const durationMs = this.#nowMs() - before.sinceMs
    this.#log.info({ condition: kind, subject, durationMs }, 'a condition is over')
  }

  has(kind: ConditionKind, subject: string): boolean {
    return this.#byId.has(`${kind} ${subject}`)
  }

  /** Errors first, then by the time they began. */
  list(): Condition[] {
    const rank = ({ severity }: Condition) => (severity === 'error' ? 0 : 1)
    return [...this.#byId.values()].sort((a, b) => rank(a) - rank(b) || a.sinceMs - b.sinceMs)
  }
}
