import { type DraftOfKind, storeKey, type ValueKind, writeValue } from '../image/values.ts'
import type { Comparison, StoreOperation, StoreValue, Transaction } from '../metadata/store.ts'

/**
 * What a decision wants done in the store: stages one after another, the transactions of a stage
 * in any order. Nothing of it can be seen before the last stage.
 */
export type Plan = readonly (readonly Transaction[])[]

/** What every transaction of a controller must hold to, or it is a zombie's. */
export interface Authority {
  readonly compare: readonly Comparison[]
  /** Most comparisons and operations in one transaction. */
  readonly transactionSizeMax: number
}

/** Nothing to be done. */
export const NO_PLAN: Plan = []

/** A put of a value of a kind. */
export function put<K extends ValueKind>(
  kind: K,
  key: string,
  draft: DraftOfKind<K>,
): StoreOperation {
  const value: StoreValue = writeValue(kind, draft)
  return { kind: 'put', key, value }
}

/** The key must not exist. */
export function absent(key: string): Comparison {
  return { key, field: 'createRevision', revision: 0 }
}

/**
 * Small changes in one transaction. Larger ones prepare what nobody sees yet in many, and end with
 * one that makes it visible: `prepare` must have no effect on the image by itself.
 */
export function inStages(
  authority: Authority,
  prepare: readonly StoreOperation[],
  reveal: {
    readonly compare: readonly Comparison[]
    readonly operations: readonly StoreOperation[]
  },
): Plan {
  const fixed = authority.compare.length + reveal.compare.length + reveal.operations.length
  const final = (first: readonly StoreOperation[]): Transaction => ({
    compare: [...authority.compare, ...reveal.compare],
    operations: [...first, ...reveal.operations],
  })
  if (prepare.length + fixed <= authority.transactionSizeMax) return [[final(prepare)]]
  const chunk = authority.transactionSizeMax - authority.compare.length
  const stage: Transaction[] = []
  for (let at = 0; at < prepare.length; at += chunk) {
    stage.push({ compare: authority.compare, operations: prepare.slice(at, at + chunk) })
  }
  return [stage, [final([])]]
}

/**
 * All that a topic has in the store, gone in one transaction whatever its size. What is left says
 * so until its logs are gone too: a crash in between must not make foreign logs of them.
 */
export function deleteTopicOperations(topicId: string, name: string): StoreOperation[] {
  return [
    { kind: 'delete', key: storeKey.name(name) },
    { kind: 'delete', key: storeKey.topic(topicId) },
    { kind: 'delete', key: storeKey.topicConfig(topicId) },
    { kind: 'delete-prefix', prefix: storeKey.parts(topicId) },
    put('gone', storeKey.gone(topicId), { name }),
  ]
}
