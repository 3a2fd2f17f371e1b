/**
 * One direction of a simulated connection: bytes in order, cut at random places, delivered after a
 * latency, at most `windowBytes` of them on the way or unread.
 *
 * Invariants:
 *   (1) Chunks are delivered in the order written, each no earlier than the one before.
 *   (2) arrived <= chunks waiting; delivery stops while the path is blocked or the reader pauses.
 *   (3) 0 <= free window <= windowBytes; a chunk gives its bytes back when the reader has them.
 */
import type { Owner } from './event-queue.ts'
import type { SeededRandom } from './random.ts'
import type { Simulation } from './simulation.ts'

export interface PipeReader {
  /** Takes a chunk, or the end (null). False: it does not read at present, the chunk stays. */
  onChunk(chunk: Buffer | null): boolean
}

export interface PipeOptions {
  readonly simulation: Simulation
  readonly random: SeededRandom
  /** To whom a delivery happens: the machine, which outlives its processes. */
  readonly receiver: Owner
  readonly label: string
  readonly windowBytes: number
  /** How likely a chunk is cut once more. */
  readonly splitChance: () => number
  readonly latencyMs: () => number
  readonly isBlocked: () => boolean
  readonly reader: PipeReader
  /** There is room again after a write was cut short. */
  readonly onRoom: () => void
}

const CHUNK_BYTES_MAX = 65_536

export class Pipe {
  readonly #options: PipeOptions
  /** Null is the end. */
  #chunks: (Buffer | null)[] = []
  #arrived = 0
  #lastArrivalMs: number
  #freeBytes: number
  #isShort = false
  #isBroken = false

  constructor(options: PipeOptions) {
    this.#options = options
    this.#freeBytes = options.windowBytes
    this.#lastArrivalMs = options.simulation.nowMs
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Whether bytes are on the way or unread. */
  get holdsBytes(): boolean {
    return this.#chunks.some(chunk => chunk !== null)
  }

  /** Takes bytes, at most `freeBytes`; they must not change afterwards. */
  write(bytes: Buffer): void {
    this.#freeBytes -= bytes.length
    let rest = bytes
    while (rest.length > 0) {
      const size = this.#cut(Math.min(rest.length, CHUNK_BYTES_MAX))
      this.#send(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
  }

  /** The writer could not write all it wanted: tell it when there is room. */
  wantRoom(): void {
    this.#isShort = true
  }

  finish(): void {
    this.#send(null)
  }

  /** Delivers what has arrived, as far as the path and the reader let it. */
  deliver(): void {
    const { isBlocked, reader } = this.#options
    while (this.#arrived > 0 && !this.#isBroken && !isBlocked()) {
      const chunk = this.#chunks.shift() as Buffer | null
      if (!reader.onChunk(chunk)) {
        this.#chunks.unshift(chunk)
        return
      }
      // The reader may have broken the pipe, which emptied it.
      if (this.#isBroken) return
      this.#arrived--
      if (chunk !== null) this.#giveBack(chunk.length)
    }
  }

  /** Nothing more comes out of it. */
  break(): void {
    this.#isBroken = true
    this.#chunks = []
    this.#arrived = 0
  }

  #send(chunk: Buffer | null): void {
    if (this.#isBroken) return
    const { simulation, receiver, label, latencyMs } = this.#options
    this.#chunks.push(chunk)
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, simulation.nowMs + latencyMs())
    const what = chunk === null ? 'end' : `${chunk.length} bytes`
    const delayMs = this.#lastArrivalMs - simulation.nowMs
    simulation.schedule(delayMs, `${label} ${what}`, receiver, () => {
      this.#arrived++
      this.deliver()
    })
  }

  #giveBack(sizeBytes: number): void {
    this.#freeBytes += sizeBytes
    if (!this.#isShort) return
    this.#isShort = false
    this.#options.onRoom()
  }

  #cut(sizeBytes: number): number {
    const { random, splitChance } = this.#options
    if (!random.chance(splitChance())) return sizeBytes
    // Half of the cuts fall within the first bytes: where lengths and headers are.
    const bound = random.chance(0.5) ? Math.min(8, sizeBytes) : sizeBytes
    return 1 + random.below(bound)
  }
}
