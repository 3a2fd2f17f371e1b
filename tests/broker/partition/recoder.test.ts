import { expect, test } from 'vitest'
import { expandSmall } from '../../../broker/partition/recoder.ts'
import { BATCH_HEADER_BYTES, BatchView } from '../../../protocol/records/batch.ts'
import { Codec, compressNow } from '../../../protocol/records/compression.ts'

/** A batch as far as expanding looks at one. */
function batchOf(codec: Codec, payload: Buffer): BatchView {
  const bytes = Buffer.concat([Buffer.alloc(BATCH_HEADER_BYTES), payload])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt16BE(codec, 21)
  return new BatchView(bytes)
}

test('a small batch of many parts is not expanded in one go, as its parts take their time', () => {
  const plain = Buffer.from('a record, or what could be one')
  for (const codec of [Codec.GZIP, Codec.ZSTD]) {
    const one = compressNow(codec, plain)
    expect(expandSmall(batchOf(codec, one))).toEqual(plain)
    expect(expandSmall(batchOf(codec, Buffer.alloc(17 * one.length, one)))).toBe('later')
  }
  const xerial = compressNow(Codec.SNAPPY, plain)
  const blocks = Buffer.alloc(16 * 5, Buffer.from('0000000100', 'hex'))
  expect(expandSmall(batchOf(Codec.SNAPPY, xerial))).toEqual(plain)
  expect(expandSmall(batchOf(Codec.SNAPPY, Buffer.concat([xerial, blocks])))).toBe('later')
})
