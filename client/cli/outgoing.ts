/** The records that `ottla produce` has sent, and how many of them were acknowledged. */
import type { Producer } from '../producer.ts'
import type { Header } from './arguments.ts'
import type { KeyAndValue } from './line-records.ts'

/** Records sent and not yet acknowledged; above either limit, sending waits. */
const UNDER_WAY_BYTES_MAX = 16 << 20
const UNDER_WAY_RECORDS_MAX = 50_000

/** The memory a producer needs for the records of an `Outgoing` under way, in bytes. */
export const PRODUCER_MEMORY_BYTES = 4 * UNDER_WAY_BYTES_MAX

/** Where records go, and what all of them carry. */
export interface Destination {
  readonly topic: string
  readonly partition?: number
  readonly headers: readonly Header[]
}

/** Nothing is sent after the first failure. */
export class Outgoing {
  readonly #producer: Producer
  readonly #destination: Destination
  #underWayBytes = 0
  #underWay = 0
  #written = 0
  #sentBytes = 0
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(producer: Producer, destination: Destination) {
    this.#producer = producer
    this.#destination = destination
  }

  /** How many records were acknowledged so far. */
  get written(): number {
    return this.#written
  }

  /** How many records were sent and have neither been acknowledged nor failed. */
  get underWay(): number {
    return this.#underWay
  }

  /** Bytes of all lines sent so far. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** Returns at once while there is room, so that records leave together. Throws the failure. */
  send({ key, value }: KeyAndValue, sizeBytes: number): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure
    this.#underWay++
    this.#underWayBytes += sizeBytes
    this.#sentBytes += sizeBytes
    this.#producer.send({ ...this.#destination, key, value }).then(
      () => {
        this.#written++
        this.#settle(sizeBytes)
      },
      error => {
        this.#failure ??= error
        this.#settle(sizeBytes)
      },
    )
    return this.#isFull() ? this.#until(() => !this.#isFull()) : undefined
  }

  /** Sends nothing more: `send` and `end` throw this error. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Resolves with the number written once all have settled; throws the failure. */
  async end(): Promise<number> {
    await this.settled()
    if (this.#failure !== null) throw this.#failure
    return this.#written
  }

  /** Resolves once every record sent was acknowledged or has failed. */
  settled(): Promise<void> {
    return this.#until(() => this.#underWay === 0)
  }

  #isFull(): boolean {
    if (this.#failure !== null) return false
    return this.#underWay >= UNDER_WAY_RECORDS_MAX || this.#underWayBytes >= UNDER_WAY_BYTES_MAX
  }

  #settle(sizeBytes: number): void {
    this.#underWay--
    this.#underWayBytes -= sizeBytes
    this.#wake?.()
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = () => {
        if (!holds()) return
        this.#wake = null
        resolve()
      }
    })
  }
}
