/** Whoever is greedy, in whatever order: somebody who asks one small thing is answered. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReceiveMemory } from '../../../host/node/receive-memory.ts'
import { SLAB_BYTES } from '../../../host/node/slabs.ts'
import { frameOf } from '../contract/peer.ts'
import { Source } from './source.ts'

const BUDGET_BYTES = 6 * SLAB_BYTES
const READERS = 40
const LANDING_BYTES_MAX = 128 << 10
const LONG_BYTES_MAX = 3 << 20
const zeros = Buffer.alloc(LONG_BYTES_MAX)
const small = frameOf(Buffer.alloc(60 << 10))

/** What a peer has still to send of its frames. */
class Greedy {
  readonly source: Source
  #head = Buffer.alloc(0)
  #bodyBytes = 0

  constructor(memory: ReceiveMemory) {
    this.source = new Source(memory)
  }

  bring(frameBytes: number, sizeBytes: number): void {
    if (this.#head.length + this.#bodyBytes === 0) {
      this.#head = Buffer.alloc(4)
      this.#head.writeInt32BE(frameBytes)
      this.#bodyBytes = frameBytes
    }
    const broughtBytes = this.source.bring(this.#head)
    this.#head = this.#head.subarray(broughtBytes)
    if (this.#head.length > 0) return
    const body = zeros.subarray(0, Math.min(this.#bodyBytes, sizeBytes))
    this.#bodyBytes -= this.source.bring(body)
  }
}

const act = fc.record({
  who: fc.nat(READERS - 1),
  what: fc.constantFrom('bring', 'bring', 'bring', 'pause', 'resume', 'release', 'tick', 'leave'),
  frameBytes: fc.oneof(fc.nat(200), fc.integer({ min: 1000, max: LONG_BYTES_MAX })),
  sizeBytes: fc.oneof(fc.nat(100), fc.integer({ min: 100, max: 3 << 20 })),
})

test('a small request is answered and the budget holds, whatever greedy peers do', () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 40, maxLength: 120 }), acts => {
      const memory = new ReceiveMemory(BUDGET_BYTES, 1e9)
      const peers = Array.from({ length: READERS }, () => new Greedy(memory))
      for (const { who, what, frameBytes, sizeBytes } of acts) {
        const peer = peers[who] as Greedy
        const { source } = peer
        if (what === 'bring') peer.bring(frameBytes, sizeBytes)
        else if (what === 'pause') source.reader.pause()
        else if (what === 'resume') source.reader.resume()
        else if (what === 'release') source.releaseAll()
        else if (what === 'tick') memory.relief.tick()
        else source.reader.close()
        if (what === 'leave' || source.reason !== null) {
          source.releaseAll()
          peers[who] = new Greedy(memory)
        }
        ask(memory, peers)
        const limit = memory.budgetBytes + memory.reserveBytes + 2 * (LONG_BYTES_MAX + SLAB_BYTES)
        // Besides, one landing of each may be under way when the budget is spent.
        expect(memory.usedBytes).toBeLessThan(limit + READERS * LANDING_BYTES_MAX + heldBy(peers))
      }
      for (const { source } of peers) {
        source.releaseAll()
        source.reader.close()
      }
      expect(memory.usedBytes).toBe(0)
    }),
    { numRuns: 25 },
  )
})

/** Bytes of frames that were delivered and that the broker works on. */
function heldBy(peers: readonly Greedy[]): number {
  let sizeBytes = 0
  for (const { source } of peers) {
    for (const { start, end } of source.frames) sizeBytes += end - start
  }
  return sizeBytes
}

/** At once; only when the reserve is spent, too, after the broker's work and the watch's. */
function ask(memory: ReceiveMemory, peers: readonly Greedy[]): void {
  const client = new Source(memory)
  let asked = client.bring(small)
  if (!memory.isShut) expect(asked).toBe(small.length)
  for (let tick = 0; tick < 8 && asked < small.length; tick++) {
    for (const { source } of peers) source.releaseAll()
    memory.relief.tick()
    asked += client.bring(small.subarray(asked))
  }
  expect(client.frames).toHaveLength(1)
  client.releaseAll()
  client.reader.close()
}
