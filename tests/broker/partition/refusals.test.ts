import { afterEach, describe, expect, test } from 'vitest'
import type { ProduceOptions } from '../../../broker/partition/appender.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { BatchView, Codec } from '../../../protocol/records/batch.ts'
import { buildBatch, type RecordDraft } from '../../../protocol/records/builder.ts'
import { compressNow } from '../../../protocol/records/compression.ts'
import {
  NOW_MS,
  type PartitionWorld,
  type PartitionWorldOptions,
  partitionWorld,
} from './support.ts'

let worlds: PartitionWorld[] = []

afterEach(() => {
  for (const world of worlds) world.close()
  worlds = []
})

async function world(options?: PartitionWorldOptions): Promise<PartitionWorld> {
  const made = await partitionWorld(options)
  worlds.push(made)
  return made
}

function record(value: string, changes: Partial<RecordDraft> = {}): RecordDraft {
  return { timestamp: NOW_MS, key: Buffer.from('k'), value: Buffer.from(value), ...changes }
}

type Envelope = Omit<Parameters<typeof buildBatch>[0], 'records'>

function batch(values: readonly (string | RecordDraft)[], envelope: Envelope = {}): Buffer {
  const records = values.map(value => (typeof value === 'string' ? record(value) : value))
  return buildBatch({ ...envelope, records })
}

/** A batch with bytes changed, and the checksum as if its producer had meant them. */
function tampered(bytes: Buffer, change: (bytes: Buffer) => void, fixesCrc = true): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  if (fixesCrc) copy.writeUInt32BE(new BatchView(copy).computeCrc(crc32c) >>> 0, 17)
  return copy
}

let crc32c: (bytes: Uint8Array) => number = () => 0

describe('what a producer may not send', () => {
  const plain = () => batch(['a', 'b', 'c'])
  const cases: [
    what: string,
    make: () => Buffer | null,
    ErrorCode,
    tellsLogStart: boolean,
    options?: Partial<ProduceOptions>,
    PartitionWorldOptions?,
  ][] = [
    ['null', () => null, ErrorCode.INVALID_RECORD, false],
    ['nothing', () => Buffer.alloc(0), ErrorCode.INVALID_RECORD, false],
    [
      'a batch and then zeros',
      () => Buffer.concat([plain(), Buffer.alloc(12)]),
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    [
      'a batch and then one of an unknown format',
      () => {
        const next = plain().subarray(0, 17)
        return Buffer.concat([plain(), next.subarray(0, 16), Buffer.from([3])])
      },
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    ['half a batch', () => plain().subarray(0, 70), ErrorCode.INVALID_RECORD, false],
    ['two batches', () => Buffer.concat([plain(), plain()]), ErrorCode.INVALID_RECORD, false],
    ['format 0', () => tampered(plain(), b => b.writeInt8(0, 16)), ErrorCode.INVALID_RECORD, false],
    ['format 1', () => tampered(plain(), b => b.writeInt8(1, 16)), ErrorCode.INVALID_RECORD, false],
    [
      'format 3',
      () => tampered(plain(), b => b.writeInt8(3, 16)),
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    [
      'a length below a header',
      () => tampered(plain(), b => b.writeInt32BE(48, 8), false),
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    [
      'a negative length',
      () => tampered(plain(), b => b.writeInt32BE(-1, 8), false),
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    [
      'zstd before Produce 7',
      () => batch(['a'], { codec: Codec.ZSTD }),
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
      false,
      { produceVersion: 6 },
    ],
    [
      'a base offset',
      () => tampered(plain(), b => b.writeInt32BE(5, 4)),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'too large a batch',
      () => batch(['x'.repeat(2000)]),
      ErrorCode.MESSAGE_TOO_LARGE,
      false,
      {},
      { configs: { 'max.message.bytes': '1000' } },
    ],
    [
      'a damaged batch',
      () => tampered(plain(), b => b.writeInt8(1, 70), false),
      ErrorCode.CORRUPT_MESSAGE,
      false,
    ],
    [
      'a wrong count',
      () => tampered(plain(), b => b.writeInt32BE(2, 57)),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'no records',
      () =>
        tampered(plain(), b => {
          b.writeInt32BE(0, 57)
          b.writeInt32BE(-1, 23)
        }),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'more records than there are',
      () =>
        tampered(plain(), b => {
          b.writeInt32BE(4, 57)
          b.writeInt32BE(3, 23)
        }),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    ['a control batch', () => batch(['a'], { isControl: true }), ErrorCode.INVALID_RECORD, true],
    [
      'a producer without a sequence',
      () => batch(['a'], { producerId: 7, producerEpoch: 0 }),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'a transaction without a producer',
      () => batch(['a'], { isTransactional: true }),
      ErrorCode.INVALID_RECORD,
      true,
      { transactionalId: 't' },
    ],
    [
      'a transaction without an id',
      () =>
        batch(['a'], { isTransactional: true, producerId: 7, producerEpoch: 0, baseSequence: 0 }),
      ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      false,
    ],
    [
      'an unknown codec',
      () => tampered(plain(), b => b.writeInt8(5, 22)),
      ErrorCode.UNKNOWN_SERVER_ERROR,
      true,
    ],
    [
      'what does not decompress',
      () => tampered(plain(), b => b.writeInt8(Codec.GZIP, 22)),
      ErrorCode.UNKNOWN_SERVER_ERROR,
      true,
    ],
    [
      'offset deltas with a gap',
      () => tampered(plain(), b => b.writeInt8(8, 64)),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'compressed offset deltas with a gap',
      () => withPayload(Codec.GZIP, p => p.writeInt8(8, 3)),
      ErrorCode.UNKNOWN_SERVER_ERROR,
      true,
    ],
    [
      'a malformed record',
      () => withPayload(Codec.LZ4, p => p.writeInt8(99, 4)),
      ErrorCode.INVALID_RECORD,
      true,
    ],
    [
      'more than one may expand to',
      () => batch(['x'.repeat(200_000)], { codec: Codec.GZIP }),
      ErrorCode.MESSAGE_TOO_LARGE,
      true,
      {},
      { overrides: { 'ottla.expanded.batch.max.bytes': '100000' } },
    ],
    [
      'a batch larger than a segment',
      () => batch(['x'.repeat(1_100_000)]),
      ErrorCode.RECORD_LIST_TOO_LARGE,
      false,
      {},
      { configs: { 'segment.bytes': '1048576', 'max.message.bytes': '2000000' } },
    ],
    [
      'acks from all without enough replicas',
      plain,
      ErrorCode.NOT_ENOUGH_REPLICAS,
      false,
      {},
      { configs: { 'min.insync.replicas': '2' }, replicas: [1, 2] },
    ],
  ]
  for (const [what, make, errorCode, tellsLogStart, options, setting] of cases) {
    test(`${what} answers ${errorCode}`, async () => {
      const made = await world(setting)
      crc32c = made.crc32c
      const outcome = await made.produce(make(), options)
      expect(outcome).toMatchObject({
        errorCode,
        baseOffset: -1,
        logAppendTimeMs: -1,
        logStartOffset: tellsLogStart ? 0 : -1,
        recordErrors: [],
      })
      expect(made.log.nextOffset).toBe(0)
      // The log takes the next one all the same.
      const acks = errorCode === ErrorCode.NOT_ENOUGH_REPLICAS ? 1 : -1
      expect((await made.produce(batch(['ok']), { acks })).errorCode).toBe(ErrorCode.NONE)
    })
  }

  function withPayload(codec: Codec, change: (payload: Buffer) => void): Buffer {
    const raw = batch(['a', 'b', 'c'])
    const payload = Buffer.from(raw.subarray(61))
    change(payload)
    const bytes = Buffer.concat([raw.subarray(0, 61), compressNow(codec, payload)])
    return tampered(bytes, b => {
      b.writeInt32BE(b.length - 12, 8)
      b.writeInt8(codec, 22)
    })
  }
})
