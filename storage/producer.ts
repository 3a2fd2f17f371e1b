/**
 * What a log remembers of one idempotent producer (KIP-98): the last five batches, so that a resent
 * one gets its first answer again, and the transaction it has open.
 */
import {
  type Offset,
  type ProducerId,
  sequenceAfter,
  sequenceBefore,
  type TimestampMs,
} from './units.ts'

/** A producer has at most this many requests in flight. */
export const REMEMBERED_BATCHES = 5
/** Last sequence, last offset, offset delta, timestamp: numbers a remembered batch takes. */
const STRIDE = 4
const WINDOW_LENGTH = REMEMBERED_BATCHES * STRIDE

export class Producer {
  readonly producerId: ProducerId
  producerEpoch: number
  coordinatorEpoch = -1
  lastTimestampMs: TimestampMs = -1
  /** First offset of the open transaction, -1 for none. */
  transactionFirstOffset: Offset = -1
  /** Oldest first. */
  #window: number[] = []

  constructor(producerId: ProducerId, producerEpoch: number) {
    this.producerId = producerId
    this.producerEpoch = producerEpoch
  }

  clone(): Producer {
    const copy = new Producer(this.producerId, this.producerEpoch)
    copy.coordinatorEpoch = this.coordinatorEpoch
    copy.lastTimestampMs = this.lastTimestampMs
    copy.transactionFirstOffset = this.transactionFirstOffset
    copy.#window = this.#window.slice()
    return copy
  }

  get batchCount(): number {
    return this.#window.length / STRIDE
  }

  /** -1 when no batch is remembered. */
  get lastSequence(): number {
    return this.#window[this.#window.length - STRIDE] ?? -1
  }

  /** Last offset with data, -1 for none. */
  get lastOffset(): Offset {
    return this.#window[this.#window.length - STRIDE + 1] ?? -1
  }

  get lastOffsetDelta(): number {
    return this.#window[this.#window.length - STRIDE + 2] ?? 0
  }

  /** A batch was appended; `lastSequence` -1 if it had none. */
  remember(
    lastSequence: number,
    lastOffset: Offset,
    offsetDelta: number,
    timestampMs: TimestampMs,
  ): void {
    if (this.#window.length === WINDOW_LENGTH) this.#window.splice(0, STRIDE)
    this.#window.push(lastSequence, lastOffset, offsetDelta, timestampMs)
    this.lastTimestampMs = timestampMs
  }

  /** A later incarnation: what the one before sent is no longer resent. */
  raiseEpoch(producerEpoch: number): void {
    this.producerEpoch = producerEpoch
    this.#window.length = 0
  }

  /** The index of the remembered batch with exactly these sequences, or -1. */
  find(baseSequence: number, lastSequence: number): number {
    const window = this.#window
    for (let at = window.length - STRIDE; at >= 0; at -= STRIDE) {
      const known = window[at] as number
      if (known !== lastSequence || known < 0) continue
      if (sequenceBefore(known, window[at + 2] as number) === baseSequence) return at / STRIDE
    }
    return -1
  }

  /** Of the remembered batch `index`: as `find` counts. */
  remembered(index: number): { lastOffset: Offset; offsetDelta: number; timestampMs: number } {
    const at = index * STRIDE
    const [, lastOffset = -1, offsetDelta = 0, timestampMs = -1] = this.#window.slice(
      at,
      at + STRIDE,
    )
    return { lastOffset, offsetDelta, timestampMs }
  }

  /** Whether `baseSequence` continues what is remembered. */
  continuesWith(baseSequence: number): boolean {
    return this.lastSequence < 0 || baseSequence === sequenceAfter(this.lastSequence, 1)
  }
}
