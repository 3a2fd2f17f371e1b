/** The reader alone, driven as a socket drives it: read sizes, pauses and releases by seed. */
import { expect, test } from 'vitest'
import type { Frame } from '../../../host/host.ts'
import { FrameReader } from '../../../host/node/frame-reader.ts'
import { NodeLoop } from '../../../host/node/loop.ts'
import { ReceiveMemory } from '../../../host/node/receive-memory.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { pattern } from '../contract/net-contract.ts'

const loop = new NodeLoop()
const content = pattern(3 << 20)

interface Run {
  /** Sizes of frames to send. */
  readonly sizes: readonly number[]
  readonly budgetBytes: number
  /** How much of what could land lands. */
  readonly greed: number
  readonly pauses: number
}

/** A frame of `sizeBytes` whose bytes no other frame of the run has. */
function frameAt(index: number, sizeBytes: number): Buffer {
  const frame = Buffer.alloc(4 + sizeBytes)
  frame.writeInt32BE(sizeBytes)
  content.copy(frame, 4, (index * 7919) % 100_000)
  if (sizeBytes >= 4) frame.writeInt32BE(index, 4)
  return frame
}

async function drive(seed: number, { sizes, budgetBytes, greed, pauses }: Run) {
  const random = new SeededRandom(seed)
  const chance = (odds: number) => random.float() < odds
  const memory = new ReceiveMemory(budgetBytes, 5000)
  const sent = sizes.map((size, index) => frameAt(index, size))
  const stream = Buffer.concat(sent)
  const held: { frame: Frame; index: number }[] = []
  let arrived = 0
  let isReading = true
  const release = () => {
    const [{ frame, index }] = held.splice(random.below(held.length), 1) as [(typeof held)[0]]
    expect(frame.bytes.equals((sent[index] as Buffer).subarray(4))).toBe(true)
    frame.release()
  }
  const reader = new FrameReader(
    memory,
    {
      startReading: () => (isReading = true),
      stopReading: () => (isReading = false),
      destroy: reason => expect.unreachable(reason.message),
    },
    {
      onFrame(frame) {
        held.push({ frame, index: arrived++ })
        if (chance(pauses)) reader.pause()
        if (chance(0.5)) release()
      },
      frameBytesMax: () => 1 << 24,
      onEnd() {},
      onDrain() {},
      onClose() {},
    },
  )
  const goOn = () => {
    if (held.length > 0) release()
    reader.resume()
    return loop.nextTurn()
  }
  let view = reader.landing()
  for (let at = 0; at < stream.length; ) {
    while (!isReading) await goOn()
    const room = Math.min(view.length, stream.length - at)
    const sizeBytes = chance(greed) ? room : 1 + random.below(room)
    stream.copy(view, 0, at, at + sizeBytes)
    at += sizeBytes
    reader.landed(sizeBytes, view)
    view = reader.landing()
    if (chance(0.02)) reader.compact()
    while (held.length > 0 && chance(0.3)) release()
  }
  while (arrived < sizes.length) await goOn()
  while (held.length > 0) release()
  reader.close()
  expect(memory.usedBytes).toBe(0)
}

const many = (count: number, sizeOf: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => sizeOf(index))

test.each([
  ['batches of 16 KB, as a busy producer sends them', many(400, i => 15_600 + (i % 7)), 0.9, 0],
  ['the same, with pauses', many(400, i => 15_600 + (i % 7)), 0.9, 0.2],
  ['short ones', many(5000, i => (i * 37) % 900), 0.9, 0.01],
  ['long ones between short ones', many(300, i => (i % 9 ? 3000 : 400_000)), 0.8, 0.1],
  ['longer than a slab', many(12, i => (i % 2 ? 2_500_000 : 20_000)), 0.7, 0.1],
  ['bursts and trickles', many(600, i => (i % 100 < 50 ? 15_000 : 40)), 0.4, 0.05],
] as const)('%s', async (_, sizes, greed, pauses) => {
  for (let seed = 1; seed <= 6; seed++) {
    await drive(seed, { sizes, budgetBytes: 256 << 20, greed, pauses })
  }
})

test('with hardly any memory', async () => {
  const sizes = many(150, i => (i % 5 ? 15_600 : 900_000))
  for (let seed = 1; seed <= 6; seed++) {
    await drive(seed, { sizes, budgetBytes: 5 << 20, greed: 0.9, pauses: 0.1 })
  }
})
