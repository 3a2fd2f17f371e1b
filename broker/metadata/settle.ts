import { DiskError } from '../../host/disk-error.ts'
import type { Clock } from '../../host/host.ts'
import type { MetadataStore, StoreOperation, StoreValue, Transaction } from './store.ts'

/** How a transaction ended, once that is known. */
export type SettledOutcome =
  /** Done, and to be seen at `revision`. */
  | { readonly kind: 'done'; readonly revision: number }
  /** Nothing of it happened: a comparison did not hold. */
  | { readonly kind: 'conflict' }
  /** Nothing of it happened: the store could not take it. It may be tried again. */
  | { readonly kind: 'not-done'; readonly reason: string }
  /** Nobody can say before the next start: the store failed for good. Take nothing back. */
  | { readonly kind: 'lost'; readonly reason: string }

const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 5_000

/**
 * Submits a transaction and finds out what became of it: the one rule for outcomes that are
 * unknown. A transaction is atomic, so what the store holds under the keys that it writes says
 * whether it happened; the store is read until it answers. What was there before in the same form
 * counts as done, for the effect is the same.
 */
export async function settle(
  store: MetadataStore,
  transaction: Transaction,
  clock: Pick<Clock, 'schedule'>,
): Promise<SettledOutcome> {
  const outcome = await store.transact(transaction)
  if (outcome.kind === 'done') return outcome
  if (outcome.kind === 'conflict') return { kind: 'conflict' }
  const { reason } = outcome
  for (let delayMs = RETRY_MS_MIN; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
    try {
      const revision = await revisionOf(store, transaction.operations)
      return revision === null ? { kind: 'not-done', reason } : { kind: 'done', revision }
    } catch (error) {
      if (error instanceof DiskError) return { kind: 'lost', reason }
      if (!(error instanceof StoreUnreachable)) throw error
    }
    await new Promise<void>(resolve => clock.schedule(delayMs, resolve))
  }
}

/** The store does not answer now and may later. A `DiskError` instead: it never will again. */
export class StoreUnreachable extends Error {
  override readonly name = 'StoreUnreachable'
}

/** A revision that shows the operations; null if one of them did not happen. */
async function revisionOf(
  store: MetadataStore,
  operations: readonly StoreOperation[],
): Promise<number | null> {
  let revision = 0
  for (const operation of operations) {
    if (operation.kind === 'delete-prefix') continue
    const entry = await store.get(operation.key)
    if (operation.kind === 'delete') {
      if (entry !== null) return null
    } else if (entry === null || !isSame(entry.value, operation.value)) {
      return null
    } else {
      revision = Math.max(revision, entry.modRevision)
    }
  }
  return revision > 0 ? revision : (await store.load()).revision
}

function isSame(a: StoreValue, b: StoreValue): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [Object.entries(a), Object.entries(b)]
  if (left.length !== right.length) return false
  const others = new Map(right)
  return left.every(([key, value]) => {
    const other = others.get(key)
    return other !== undefined && isSame(value, other)
  })
}
