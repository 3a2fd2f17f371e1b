import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  Codec,
  CorruptRecords,
  compressNow,
  ExpansionLimit,
  planExpansion,
} from '../../protocol/records/compression.ts'
import { Expander } from '../../storage/expander.ts'

const MIB = 1024 * 1024
const CODECS = [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD] as const

function expander(memoryBytesMax: number): Expander {
  const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve))
  return new Expander({ nextTurn, memoryBytesMax: () => memoryBytesMax })
}

test.each(CODECS)(
  'codec %i shows everything, in pieces, and gives its charge back',
  async codec => {
    const made = expander(MIB)
    const plain = Buffer.concat([randomBytes(3 * MIB), Buffer.alloc(3 * MIB)])
    const packed = compressNow(codec, plain)
    const seen: Buffer[] = []
    await made.visit(codec, packed, plain.length, piece => {
      expect(piece.length).toBeLessThanOrEqual(MIB)
      seen.push(Buffer.from(piece))
      return true
    })
    expect(Buffer.concat(seen).equals(plain)).toBe(true)
    const sizes = { sizeBytes: plain.length }
    expect(await made.whole(codec, packed, sizes, all => all.equals(plain))).toBe(true)
    await expect(made.visit(codec, packed, plain.length - 1, () => true)).rejects.toThrow(
      ExpansionLimit,
    )
    await expect(made.visit(codec, packed.subarray(0, 1000), MIB, () => true)).rejects.toThrow(
      CorruptRecords,
    )
    let pieces = 0
    await made.visit(codec, packed, plain.length, () => {
      pieces += 1
      return false
    })
    expect(pieces).toBe(1)
    expect(made.chargedBytes).toBe(0)
  },
)

test('what does not fit waits in line, in order, and what fits nowhere runs alone', async () => {
  const bytes = compressNow(Codec.ZSTD, Buffer.alloc(8 * MIB))
  const one = planExpansion(Codec.ZSTD, bytes, 64 * MIB, async () => {}).memoryBytes
  const made = expander(2 * one)
  let most = 0
  const visit = (by: Expander) => {
    return by.visit(Codec.ZSTD, bytes, 64 * MIB, () => {
      most = Math.max(most, by.chargedBytes)
      return true
    })
  }
  const runs = Array.from({ length: 12 }, () => visit(made))
  expect([made.chargedBytes, made.waiting]).toEqual([2 * one, 10])
  await Promise.all(runs)
  expect([most, made.chargedBytes]).toEqual([2 * one, 0])

  const tight = expander(one - 1)
  const finished: number[] = []
  const inLine = Array.from({ length: 5 }, (_, i) => visit(tight).then(() => finished.push(i)))
  expect([tight.chargedBytes, tight.waiting]).toEqual([one, 4])
  await Promise.all(inLine)
  expect(finished).toEqual([0, 1, 2, 3, 4])
  expect(tight.chargedBytes).toBe(0)
})

test('a batch kept whole is charged with what it expands to and what becomes of it', async () => {
  const made = expander(MIB)
  const packed = compressNow(Codec.GZIP, Buffer.alloc(2 * MIB))
  const sizes = { sizeBytes: 2 * MIB, extraBytes: MIB }
  const charged = await made.whole(Codec.GZIP, packed, sizes, () => made.chargedBytes)
  expect(charged).toBeGreaterThanOrEqual(3 * MIB)
  expect(made.chargedBytes).toBe(0)
})
