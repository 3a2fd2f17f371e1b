/** Readers that share a spent budget, driven one landing at a time. */
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../host/host.ts'
import { FrameReader } from '../../../host/node/frame-reader.ts'
import { NodeLoop } from '../../../host/node/loop.ts'
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

  releaseAll(): void {
    for (const frame of this.frames.splice(0)) frame.release()
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

  test('is not kept by a short frame that was favoured and is complete', () => {
    const { memory, short, long } = spent()
    short.bring(frameOf('short').subarray(7))
    expect(short.frames).toHaveLength(1)
    short.releaseAll()
    expect(bringAll(long)).toEqual([0, 0])
    leave(memory, [short, ...long])
  })

  test('is not kept by a reader with the next frame behind every frame', () => {
    const { memory, short, long } = spent()
    const frame = frameOf('short')
    const next = Buffer.concat([frame.subarray(7), frame.subarray(0, 7)])
    for (let round = 0; round < 3; round++) {
      short.bring(next)
      short.releaseAll()
    }
    expect(bringAll(long)).toEqual([0, 0])
    leave(memory, [short, ...long])
  })

  test('is not kept by a frame that was favoured and is paused', async () => {
    const { memory, short, long } = spent()
    short.reader.pause()
    expect(bringAll(long)).toEqual([0, 0])
    short.reader.resume()
    await new NodeLoop().nextTurn()
    expect(short.isReading).toBe(true)
    leave(memory, [short, ...long])
  })
})

interface Long {
  readonly source: Source
  /** What it has not brought. */
  rest: Buffer
}

/** A short frame that is favoured, and two long ones that wait in the middle for memory. */
function spent() {
  const memory = new ReceiveMemory(BUDGET_BYTES, STALL_MS)
  const short = new Source(memory)
  short.bring(frameOf('short').subarray(0, 7))
  const frame = frameOf(Buffer.alloc(3.5 * SLAB_BYTES))
  const long = sources(memory, 2).map((source): Long => {
    const broughtBytes = source.bring(frame.subarray(0, 1.5 * SLAB_BYTES))
    return { source, rest: frame.subarray(broughtBytes) }
  })
  expect([memory.isSpent, memory.isFavoured(short.reader)]).toEqual([true, true])
  return { memory, short, long }
}

/** Brings what the memory lets them, and returns what is left. */
function bringAll(long: readonly Long[]): number[] {
  for (let round = 0; round < 4; round++) {
    for (const each of long) {
      each.rest = each.rest.subarray(each.source.bring(each.rest))
      each.source.releaseAll()
    }
  }
  return long.map(({ rest }) => rest.length)
}

function leave(memory: ReceiveMemory, all: readonly (Source | Long)[]): void {
  for (const each of all) (each instanceof Source ? each : each.source).reader.close()
  expect(memory.usedBytes).toBe(0)
}
