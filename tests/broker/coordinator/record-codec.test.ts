import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { foreignStateOf } from '../../../broker/coordinator/group/foreign-group.ts'
import { groupMachine } from '../../../broker/coordinator/group/machine.ts'
import type { GroupRecord } from '../../../broker/coordinator/group/record.ts'
import {
  decodeRecord,
  encodeRecord,
  groupRecordCodec,
} from '../../../broker/coordinator/group/record-codec.ts'
import { BatchView } from '../../../protocol/records/batch.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { readRecords } from '../../../protocol/records/reader.ts'
import { disposableFolder } from '../../support/folder.ts'
import { LIMITS } from './transcript.ts'

const archive = new URL('../../vectors/kafka-data-4.3.0.tar.gz', import.meta.url).pathname
const machine = groupMachine(() => LIMITS)
const codec = groupRecordCodec(crc32c)

describe('the groups Apache Kafka 4.3.0 left in its folder', () => {
  const batches: Buffer[] = []
  const state = machine.empty()
  const unreadable: string[] = []

  beforeAll(() => {
    using folder = disposableFolder('kafka-groups')
    execFileSync('tar', ['xzf', archive, '-C', folder.path])
    for (const name of readdirSync(folder.path).filter(n => n.startsWith('__consumer_offsets-'))) {
      const bytes = readFileSync(`${folder.path}/${name}/00000000000000000000.log`)
      for (let at = 0; at < bytes.length; at += new BatchView(bytes, at).sizeBytes) {
        batches.push(Buffer.from(new BatchView(bytes, at).bytes))
      }
    }
    for (const batch of batches) {
      const onUnreadable = (_offset: number, reason: string) => unreadable.push(reason)
      for (const record of codec.decode(new BatchView(batch), onUnreadable)) {
        machine.apply(state, record)
      }
    }
  })

  test('every record can be read', () => {
    expect(unreadable).toEqual([])
  })

  test('are there, with the offsets they committed', () => {
    const groups = [...state.groups.keys()].toSorted()
    const offsets = [...state.offsets].flatMap(([group, topics]) =>
      [...topics].flatMap(([topic, partitions]) =>
        [...partitions].map(([p, { value }]) => `${group} ${topic}-${p} ${value.offset}`),
      ),
    )
    expect({ groups, offsets: offsets.toSorted() }).toMatchSnapshot()
  })

  test('of other kinds are kept and told of', () => {
    const told = [...state.foreign.values()].map(group => [
      group.id,
      group.type,
      foreignStateOf(group),
    ])
    expect(told.toSorted()).toEqual([
      ['g-848', 'consumer', 'Empty'],
      ['g-pl-consumer', 'consumer', 'Empty'],
      ['g-share', 'share', 'Empty'],
    ])
  })

  test('are written byte for byte as Kafka wrote them', () => {
    let count = 0
    for (const batch of batches) {
      const view = new BatchView(batch)
      if (view.isControl) continue
      for (const { key, value } of readRecords(view)) {
        const record = decodeRecord({ key, value }, -1)!
        const written = encodeRecord(record)
        expect(written.key).toEqual(key)
        if (value !== null) expect(written.value).toEqual(value)
        count++
      }
    }
    expect(count).toBeGreaterThan(80)
  })

  test('are the same after a snapshot', () => {
    const again = machine.empty()
    for (const record of machine.recordsOf(state)) machine.apply(again, record)
    expect(again.offsets.size).toBe(state.offsets.size)
    expect([...machine.recordsOf(again)]).toEqual([...machine.recordsOf(state)])
    expect(machine.describe(again).split('\n').toSorted()).toEqual(
      machine.describe(state).split('\n').toSorted(),
    )
  })
})

describe('offsets committed in a transaction', () => {
  const offset = (value: number, producerId: number): GroupRecord => ({
    ...{ kind: 'offset', groupId: 'g', topic: 't', partition: 0, producerId },
    value: {
      ...{ offset: value, leaderEpoch: -1, metadata: '', commitTimestampMs: 1 },
      ...{ expireTimestampMs: -1, topicId: null },
    },
  })
  const end = (isCommit: boolean): GroupRecord => ({
    kind: 'transaction-end',
    producerId: 5,
    isCommit,
  })
  const fetched = (records: readonly GroupRecord[], mustBeStable = false) => {
    const state = machine.empty()
    for (const record of records) machine.apply(state, record)
    const { replies } = machine.decide(
      state,
      {
        ...{ kind: 'fetch-offsets', call: 1, groupId: 'g', memberId: null, memberEpoch: -1 },
        ...{ topics: [{ topic: 't', partitions: [0] }], mustBeStable },
      },
      0,
    )
    const [answer] = replies
    if (answer?.reply.kind !== 'fetch-offsets') throw new Error('no answer')
    const { offset, errorCode } = answer.reply.topics[0]!.partitions[0]!
    return { offset, errorCode }
  }

  test('count once it commits, and never if it aborts', () => {
    expect(fetched([offset(1, -1), offset(9, 5)]).offset).toBe(1)
    expect(fetched([offset(1, -1), offset(9, 5), end(true)]).offset).toBe(9)
    expect(fetched([offset(1, -1), offset(9, 5), end(false)]).offset).toBe(1)
  })

  test('do not replace what was committed after them', () => {
    expect(fetched([offset(9, 5), offset(10, -1), end(true)]).offset).toBe(10)
  })

  test('are unstable until it ends', () => {
    expect(fetched([offset(1, -1), offset(9, 5)], true)).toEqual({ offset: -1, errorCode: 88 })
    expect(fetched([offset(1, -1), offset(9, 5), end(false)], true).errorCode).toBe(0)
  })
})

test('records that one batch cannot hold are not made into any', () => {
  const some = (count: number): GroupRecord[] =>
    Array.from({ length: count }, (_, partition) => ({
      ...{ kind: 'offset', groupId: 'g', topic: 'a-topic-of-some-length', partition },
      ...{ value: null, producerId: -1 },
    }))
  const batch = codec.encode(some(15_000), 1)!
  expect(codec.decode(new BatchView(batch), () => {})).toEqual(some(15_000))
  expect(codec.encode(some(30_000), 1)).toBeNull()
})

test('a record that cannot be read is passed over, and told', () => {
  const told: string[] = []
  const batch = codec.encode(
    [{ kind: 'foreign', type: 'share', groupId: '', key: Buffer.from([0, 2]), value: null }],
    1,
  )!
  expect(codec.decode(new BatchView(batch), (_, reason) => told.push(reason))).toEqual([])
  expect(told).toHaveLength(1)
})
