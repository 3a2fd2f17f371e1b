import type { AppendEnd, ShardLog, ShardLogListener } from '../../broker/coordinator/shard-log.ts'
import type { SimHost } from '../../host/sim/host.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { BatchView } from '../../protocol/records/batch.ts'
import type { GroupStorage } from './groups-world.ts'

/** What a disk holds over restarts. Batches up to `syncedOffset` survive a power cut. */
interface StoredLog {
  batches: Buffer[]
  syncedOffset: number
}

/** The machine loses power: what was not synced is gone. */
function cutPower(stored: StoredLog): void {
  stored.batches = stored.batches.filter(batch => nextOf(batch) <= stored.syncedOffset)
}

function nextOf(batch: Buffer): number {
  return new BatchView(batch).lastOffset + 1
}

/** A log with the two steps of the real one: written in this turn, committed some time later. */
export class SimGroupLog implements ShardLog {
  readonly #host: SimHost
  readonly #stored: StoredLog
  readonly #isFull: () => boolean
  readonly logStartOffset = 0
  #listener: ShardLogListener | null = null
  #isSyncing = false
  nextOffset: number

  constructor(host: SimHost, stored: StoredLog, isFull: () => boolean) {
    this.#host = host
    this.#stored = stored
    this.#isFull = isFull
    const last = stored.batches.at(-1)
    this.nextOffset = last === undefined ? 0 : nextOf(last)
    // As a real log after a kill: what is found is synced before it is trusted.
    this.#sync()
  }

  get highWatermark(): number {
    return Math.min(this.#stored.syncedOffset, this.nextOffset)
  }

  append(batch: Buffer, _nowMs: number, done: (end: AppendEnd) => void): void {
    const isFull = this.#isFull()
    this.#host.loop.afterTurn(() => {
      if (isFull) {
        done({ kind: 'failed', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE })
        return
      }
      new BatchView(batch).stamp(this.nextOffset, 0)
      this.#stored.batches.push(batch)
      this.nextOffset = nextOf(batch)
      done({ kind: 'written', nextOffset: this.nextOffset })
      this.#sync()
    })
  }

  *readBatches(from: number, bound: number): Iterable<BatchView> {
    for (const bytes of this.#stored.batches) {
      const batch = new BatchView(bytes)
      if (batch.lastOffset >= from && batch.baseOffset < bound) yield batch
    }
  }

  listen(listener: ShardLogListener | null): void {
    this.#listener = listener
  }

  /** One round at a time, as long as a real disk would take. */
  #sync(): void {
    if (this.#isSyncing || this.#stored.syncedOffset >= this.nextOffset) return
    this.#isSyncing = true
    const upTo = this.nextOffset
    this.#host.clock.schedule(1 + this.#host.random.below(30), () => {
      this.#isSyncing = false
      this.#stored.syncedOffset = upTo
      this.#listener?.committed()
      this.#sync()
    })
  }
}

/** A log in memory with a full disk and power cuts, to run many seeds quickly. */
export function memoryStorage(): GroupStorage {
  const stored: StoredLog = { batches: [], syncedOffset: 0 }
  const storage: GroupStorage = {
    isFull: false,
    open: async host => new SimGroupLog(host, stored, () => storage.isFull),
    end: (host, how) => {
      host.kill()
      if (how === 'power cut') cutPower(stored)
    },
  }
  return storage
}
