import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { readValue, storeKey } from '../image/values.ts'
import type { MetadataStore } from '../metadata/store.ts'
import { put } from './plan.ts'

/** Producer ids taken from the store at once (KIP-730). */
const BLOCK_SIZE = 1000

/**
 * ProducerIds: hands out producer ids. A block is this broker's once the store says so; the rest
 * of one that a crash interrupts is never used, so no id is ever given twice.
 */
export class ProducerIds {
  readonly #store: MetadataStore
  #next = 0
  /** Exclusive. */
  #blockEnd = 0
  #refill: Promise<void> | null = null

  constructor(store: MetadataStore) {
    this.#store = store
  }

  /** Rejects with KafkaError: the store does not answer. */
  async next(): Promise<number> {
    while (this.#next === this.#blockEnd) {
      this.#refill ??= this.#takeBlock().finally(() => {
        this.#refill = null
      })
      await this.#refill
    }
    return this.#next++
  }

  async #takeBlock(): Promise<void> {
    for (;;) {
      const key = storeKey.nextProducerId
      const entry = await this.#store.get(key)
      const first = entry === null ? 0 : readValue('pid', key, entry.value).next
      const outcome = await this.#store.transact({
        compare: [{ key, field: 'modRevision', revision: entry?.modRevision ?? 0 }],
        operations: [put('pid', key, { next: first + BLOCK_SIZE })],
      })
      if (outcome.kind === 'unknown') {
        throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, outcome.reason)
      }
      if (outcome.kind === 'conflict') continue
      this.#next = first
      this.#blockEnd = first + BLOCK_SIZE
      return
    }
  }
}
