/** Readers that share a spent budget, driven one landing at a time. */
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../host/host.ts'
import { FrameReader } from '../../../host/node/frame-reader.ts'
import { ReceiveMemory } from '../../../host/node/receive-memory.ts'
import { SLAB_BYTES } from '../../../host/node/slabs.ts'
import { frameOf } from '../contract/peer.ts'

const STALL_MS = 100
const BUDGET_BYTES = 4 * SLAB_BYTES

class Source {
  isReading = true
  reason: Error | null = null
  readonly frames: Frame[] = []
  readonly reader: FrameReader
  #view: Buffer

  constructor(memory: ReceiveMemory) {
    this.reader = new FrameReader(
      memory,
      {
        startReading: () => {
          this.isReading = true
        },
        stopReading: () => {
          this.isReading = false
        },
        destroy: reason => {
          this.reason = reason
          this.reader.close()
        },
      },
      {
        onFrame: frame => {
          this.frames.push(frame)
        },
        frameBytesMax: () => 1 << 26,
        onEnd() {},
        onDrain() {},
        onClose() {},
      },
    )
    this.#view = this.reader.landing()
  }

  /** Brings bytes as a socket would; returns how many were read before it was stopped. */
  bring(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && this.isReading && this.reason === null) {
      const sizeBytes = Math.min(this.#view.length, bytes.length - at)
      bytes.copy(this.#view, 0, at, at + sizeBytes)
      at += sizeBytes
      this.reader.landed(sizeBytes, this.#view)
      this.#view = this.reader.landing()
    }
    return at
  }
}

function sources(memory: ReceiveMemory, count: number): Source[] {
  return Array.from({ length: count }, () => new Source(memory))
}

describe('a spent budget', () => {
  test('does not stop a reader whose frame fits in the slab that spent it', () => {
    const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
    const readers = sources(memory, 4)
    for (const source of readers) source.bring(frameOf(Buffer.alloc(500_000)).subarray(0, 100_000))
    expect(memory.isSpent).toBe(true)
    expect(readers.map(source => source.reader.isProvidedFor)).toEqual([true, true, true, true])
    expect(readers.map(source => source.isReading)).toEqual([true, true, true, true])
    for (const { reader } of readers) reader.close()
    expect(memory.usedBytes).toBe(0)
  })
})
