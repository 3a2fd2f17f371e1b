import { describe, expect, test } from 'vitest'
import {
  checkEnvelope,
  findBatch,
  isRejection,
  type Rejection,
} from '../../../broker/partition/validate.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { BatchView, Codec } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'

const RULES = { maxMessageBytes: 10_000 }
const computeCrc = (batch: BatchView) => batch.computeCrc(crc32c) >>> 0
const { NONE, CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, UNKNOWN_SERVER_ERROR } = ErrorCode

function batchOf(envelope = {}): Buffer {
  const value = Buffer.from('value')
  return buildBatch({ records: [{ timestamp: 1, key: null, value }], ...envelope })
}

function codeOf(found: Rejection | BatchView | null): ErrorCode {
  return isRejection(found) ? found.errorCode : NONE
}

/** What is said of a batch after a change that its checksum covers. */
function checked(change: (bytes: Buffer) => void, rules = {}, bytes = batchOf()): ErrorCode {
  change(bytes)
  const batch = new BatchView(bytes)
  bytes.writeUInt32BE(computeCrc(batch), 17)
  return codeOf(checkEnvelope(batch, { ...RULES, ...rules }, computeCrc))
}

describe('the one batch of a request', () => {
  test('is found whole, or not at all', () => {
    const bytes = batchOf()
    expect(codeOf(findBatch(bytes, 9))).toBe(NONE)
    for (const end of [0, 1, 16, 17, 60, bytes.length - 1]) {
      expect([end, codeOf(findBatch(bytes.subarray(0, end), 9))]).toEqual([end, INVALID_RECORD])
    }
  })

  test('is as long as its envelope at least', () => {
    const bytes = Buffer.concat([batchOf(), Buffer.alloc(100)])
    for (const length of [-1, 0, 13, 48]) {
      bytes.writeInt32BE(length, 8)
      expect([length, codeOf(findBatch(bytes, 9))]).toEqual([length, CORRUPT_MESSAGE])
    }
    bytes.writeInt32BE(49, 8)
    expect(codeOf(findBatch(bytes, 9))).toBe(NONE)
  })

  test('stands alone: a whole second one is refused, part of one is cut off', () => {
    const two = Buffer.concat([batchOf(), batchOf()])
    expect(codeOf(findBatch(two, 9))).toBe(INVALID_RECORD)
    const torn = findBatch(two.subarray(0, -1), 9) as BatchView
    expect(torn.bytes).toEqual(batchOf())
  })
})

describe('an envelope', () => {
  test('may be as large as max.message.bytes, and no larger', () => {
    const maxMessageBytes = batchOf().length
    expect(checked(() => {}, { maxMessageBytes })).toBe(NONE)
    expect(checked(() => {}, { maxMessageBytes: maxMessageBytes - 1 })).toBe(MESSAGE_TOO_LARGE)
  })

  test('counts its records, of which there is one at least', () => {
    const count = (records: number, lastDelta: number) =>
      checked(bytes => {
        bytes.writeInt32BE(records, 57)
        bytes.writeInt32BE(lastDelta, 23)
      })
    expect([count(1, 0), count(2, 1)]).toEqual([NONE, NONE])
    expect([count(0, -1), count(-1, -2), count(1, 1), count(2, 0)]).toEqual(
      Array(4).fill(INVALID_RECORD),
    )
  })

  test('names a codec that exists', () => {
    const of = (codec: number) => checked(bytes => bytes.writeInt16BE(codec, 21))
    expect(Object.values(Codec).map(of)).toEqual(Object.values(Codec).map(() => NONE))
    expect([5, 6, 7].map(of)).toEqual(Array(3).fill(UNKNOWN_SERVER_ERROR))
  })

  test('of a producer has a sequence, and an epoch of -1 or above', () => {
    const of = (producerEpoch: number, baseSequence: number) =>
      checked(() => {}, {}, batchOf({ producerId: 7, producerEpoch, baseSequence }))
    expect([of(0, 0), of(-1, 0)]).toEqual([NONE, NONE])
    expect([of(-2, 0), of(0, -1)]).toEqual([ErrorCode.INVALID_PRODUCER_EPOCH, INVALID_RECORD])
  })
})
