import { describe, expect, test } from 'vitest'
import { decodeGroupRecord, encodeGroupRecord } from '../../../protocol/internal/group-records.ts'
import { UnknownRecord } from '../../../protocol/internal/stored-record.ts'
import {
  decodeTransactionRecord,
  encodeTransactionRecord,
  TransactionStatus,
} from '../../../protocol/internal/transaction-records.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'

const offset = {
  offset: 42,
  leaderEpoch: 3,
  metadata: 'm',
  commitTimestamp: 1_700_000_000_000,
  expireTimestamp: -1,
  topicId: NO_UUID,
}

describe('group records', () => {
  const names = { kind: 'offset', group: 'g', topic: 't', partition: 7 } as const

  test('a committed offset is stored in the form Kafka stores it in', () => {
    const { key, value } = encodeGroupRecord({ ...names, value: offset })
    expect(key.toString('hex')).toBe('0001000167000174' + '00000007')
    expect(value?.toString('hex')).toBe(
      '0004' + '000000000000002a' + '00000003' + '026d' + '0000018bcfe56800' + '00',
    )
    expect(decodeGroupRecord(key, value)).toEqual({ ...names, value: offset })
  })

  test('an offset with a topic id keeps it', () => {
    const record = { ...names, value: { ...offset, topicId: 'bBfEpE9aQ8OZVw3nJZ2Y4Q' } }
    const { key, value } = encodeGroupRecord(record)
    expect(value?.readInt16BE(0)).toBe(4)
    expect(decodeGroupRecord(key, value)).toEqual(record)
  })

  test('an offset that expires keeps its expiry', () => {
    const record = { ...names, value: { ...offset, leaderEpoch: -1, expireTimestamp: 5 } }
    const { key, value } = encodeGroupRecord(record)
    expect(value?.readInt16BE(0)).toBe(1)
    expect(decodeGroupRecord(key, value)).toEqual(record)
  })

  test('a tombstone has a key and no value', () => {
    const { key, value } = encodeGroupRecord({ kind: 'group', group: 'g', value: null })
    expect(value).toBeNull()
    expect(decodeGroupRecord(key, value)).toEqual({ kind: 'group', group: 'g', value: null })
  })

  test('records of other types are told apart, and versions of a later Kafka refused', () => {
    expect(decodeGroupRecord(Buffer.from('0003000167', 'hex'), null)).toEqual({
      kind: 'other',
      type: 3,
    })
    const { key } = encodeGroupRecord({ ...names, value: offset })
    expect(() => decodeGroupRecord(key, Buffer.from('0063', 'hex'))).toThrow(UnknownRecord)
    expect(() => decodeGroupRecord(Buffer.alloc(1), null)).toThrow(UnknownRecord)
  })
})

describe('transaction records', () => {
  const value = {
    producerId: 1000,
    previousProducerId: -1,
    nextProducerId: -1,
    producerEpoch: 3,
    nextProducerEpoch: -1,
    transactionTimeoutMs: 60_000,
    transactionStatus: TransactionStatus.ONGOING,
    transactionPartitions: [{ topic: 't', partitionIds: [0, 2] }],
    transactionLastUpdateTimestampMs: 1,
    transactionStartTimestampMs: 2,
    clientTransactionVersion: 0,
  }

  test.each([0, 1] as const)('version %i reads back as it was written', version => {
    const record = { transactionalId: 'id', value }
    const stored = encodeTransactionRecord(record, version)
    expect(decodeTransactionRecord(stored.key, stored.value)).toEqual(record)
  })

  test('a tombstone forgets the id', () => {
    const stored = encodeTransactionRecord({ transactionalId: 'id', value: null }, 1)
    expect(decodeTransactionRecord(stored.key, stored.value).value).toBeNull()
  })
})
