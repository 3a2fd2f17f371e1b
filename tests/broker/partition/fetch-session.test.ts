import { describe, expect, test } from 'vitest'
import {
  type AskedTopic,
  type FetchContext,
  type FetchEntry,
  type FetchSessionRequest,
  FetchSessions,
} from '../../../broker/partition/fetch-session.ts'
import { NO_RECORDS, type PartitionRead } from '../../../broker/partition/outcome.ts'
import type { File } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'

/** What a request asks of one topic: of each partition given, from offset 0 on. */
function asked(topic: string, ...partitions: number[]): AskedTopic {
  return { topic, topicId: NO_UUID, partitions: partitions.map(index => entry(index)) }
}

function entry(partition: number, fetchOffset = 0): FetchEntry {
  return {
    partition,
    fetchOffset,
    partitionMaxBytes: 1000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
  }
}

function request(
  sessionId: number,
  sessionEpoch: number,
  changes: Partial<FetchSessionRequest> = {},
): FetchSessionRequest {
  return {
    sessionId,
    sessionEpoch,
    topics: [],
    forgotten: [],
    usesTopicIds: false,
    isFollower: false,
    nowMs: 0,
    ...changes,
  }
}

const RECORDS = { records: { file: {} as File, position: 0, sizeBytes: 1 }, recordBytes: 1 }

function read(changes: Partial<PartitionRead> = {}): PartitionRead {
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    highWatermark: 10,
    lastStableOffset: 10,
    logStartOffset: 0,
    divergingEpoch: undefined,
    abortedTransactions: null,
    records: NO_RECORDS,
    recordBytes: 0,
    hasMore: false,
    ...changes,
  }
}

function sessionsOf(slots: number): FetchSessions {
  let ids = 100
  return new FetchSessions({ slots: () => slots, newSessionId: () => ids++, evictionMs: 1000 })
}

const names = ({ topics }: FetchContext) =>
  topics.flatMap(({ topic, partitions }) => partitions.map(one => `${topic}-${one.partition}`))

/** Whether each entry is told, given what was read of it. */
function told(context: FetchContext, readOf: (entry: FetchEntry) => PartitionRead): boolean[] {
  return context.topics.flatMap(topic =>
    topic.partitions.map(one => context.tells(topic, one, readOf(one))),
  )
}

describe('a fetch session', () => {
  test('goes from full to incremental and tells only what moved', () => {
    const sessions = sessionsOf(10)
    const full = sessions.begin(request(0, 0, { topics: [asked('a', 0, 1)] }))
    expect(full).toMatchObject({ errorCode: 0, sessionId: 100, tellsAll: false })
    expect(told(full, () => read())).toEqual([true, true])

    const second = sessions.begin(request(100, 1))
    expect(names(second)).toEqual(['a-0', 'a-1'])
    expect(told(second, () => read())).toEqual([false, false])
    expect(second.tellsAll).toBe(false)

    const third = sessions.begin(request(100, 2))
    const tells = (changes: Partial<PartitionRead>) => told(third, () => read(changes))[0]
    expect(tells({ highWatermark: 11 })).toBe(true)
    expect(tells({ highWatermark: 11 })).toBe(false)
    expect(tells({ highWatermark: 11, logStartOffset: 1 })).toBe(true)
    expect(tells({ highWatermark: 11, logStartOffset: 1, ...RECORDS })).toBe(true)
    const diverged = { divergingEpoch: { epoch: 1, endOffset: 1 } }
    expect(tells({ highWatermark: 11, logStartOffset: 1, ...diverged })).toBe(true)
  })

  test('tells an error each time, and all again after it', () => {
    const sessions = sessionsOf(10)
    const full = sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
    told(full, () => read())
    const failure = read({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, highWatermark: -1 })
    for (const epoch of [1, 2]) {
      const context = sessions.begin(request(100, epoch))
      expect(told(context, () => failure)).toEqual([true])
    }
    const healed = sessions.begin(request(100, 3))
    expect(told(healed, () => read())).toEqual([true])
  })

  test('takes changes, additions and forgotten partitions', () => {
    const sessions = sessionsOf(10)
    sessions.begin(request(0, 0, { topics: [asked('a', 0, 1)] }))
    const changed = sessions.begin(
      request(100, 1, {
        topics: [{ ...asked('a'), partitions: [entry(1, 7)] }, asked('b', 0)],
        forgotten: [{ topic: 'a', topicId: NO_UUID, partition: 0 }],
      }),
    )
    expect(names(changed)).toEqual(['a-1', 'b-0'])
    expect(changed.topics[0]?.partitions[0]?.fetchOffset).toBe(7)
    expect(sessions.partitionCount).toBe(2)
    const both = sessions.begin(
      request(100, 2, {
        topics: [asked('b', 0, 1)],
        forgotten: [{ topic: 'b', topicId: NO_UUID, partition: 0 }],
      }),
    )
    expect(names(both)).toEqual(['a-1', 'b-1'])
  })

  test('puts what got records behind the others', () => {
    const sessions = sessionsOf(10)
    sessions.begin(request(0, 0, { topics: [asked('a', 0, 1, 2)] }))
    const context = sessions.begin(request(100, 1))
    told(context, one => read(one.partition < 2 ? RECORDS : {}))
    expect(names(sessions.begin(request(100, 2)))).toEqual(['a-2', 'a-0', 'a-1'])
  })

  test('ends when it is closed, or when nothing is left of it', () => {
    const sessions = sessionsOf(10)
    sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
    const closed = sessions.begin(request(100, -1, { topics: [asked('a', 0)] }))
    expect(closed).toMatchObject({ errorCode: 0, sessionId: 0, tellsAll: true })
    expect(names(closed)).toEqual(['a-0'])
    expect(sessions.size).toBe(0)
    sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
    const forgotten = [{ topic: 'a', topicId: NO_UUID, partition: 0 }]
    expect(sessions.begin(request(101, 1, { forgotten }))).toMatchObject({ sessionId: 0 })
    expect(sessions.size).toBe(0)
  })

  test('is made anew by epoch 0', () => {
    const sessions = sessionsOf(10)
    sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
    const again = sessions.begin(request(100, 0, { topics: [asked('b', 0)] }))
    expect(again.sessionId).toBe(101)
    expect(sessions.size).toBe(1)
  })

  const errors: [string, FetchSessionRequest, ErrorCode][] = [
    ['an unknown id', request(7, 1), ErrorCode.FETCH_SESSION_ID_NOT_FOUND],
    ['a repeated epoch', request(100, 1), ErrorCode.INVALID_FETCH_SESSION_EPOCH],
    ['an epoch left out', request(100, 3), ErrorCode.INVALID_FETCH_SESSION_EPOCH],
    [
      'a wrong epoch and ids for names',
      request(100, 3, { usesTopicIds: true }),
      ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    ],
    [
      'ids for names',
      request(100, 2, { usesTopicIds: true }),
      ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    ],
  ]
  for (const [what, bad, errorCode] of errors) {
    test(`${what} answers ${errorCode} and changes nothing`, () => {
      const sessions = sessionsOf(10)
      sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
      sessions.begin(request(100, 1))
      expect(sessions.begin(bad)).toMatchObject({ errorCode, sessionId: 0, topics: [] })
      expect(sessions.begin(request(100, 2)).errorCode).toBe(ErrorCode.NONE)
    })
  }

  test('epochs go from 2147483647 to 1', () => {
    const sessions = sessionsOf(10)
    sessions.begin(request(0, 0, { topics: [asked('a', 0)] }))
    for (let epoch = 1; epoch < 4; epoch++) sessions.begin(request(100, epoch))
    expect(sessions.begin(request(100, 4)).errorCode).toBe(0)
  })
})

describe('slots for sessions', () => {
  const one = { topics: [asked('a', 0)] }

  test('when all are taken, none is made and the fetch is answered all the same', () => {
    const sessions = sessionsOf(1)
    sessions.begin(request(0, 0, one))
    const declined = sessions.begin(request(0, 0, { ...one, nowMs: 500 }))
    expect(declined).toMatchObject({ errorCode: 0, sessionId: 0, tellsAll: true })
    expect(names(declined)).toEqual(['a-0'])
    expect(sessionsOf(0).begin(request(0, 0, one)).sessionId).toBe(0)
  })

  test('the one unused for longest gives way, once it is old enough', () => {
    const sessions = sessionsOf(2)
    sessions.begin(request(0, 0, one))
    sessions.begin(request(0, 0, one))
    sessions.begin(request(100, 1, { nowMs: 600 }))
    expect(sessions.begin(request(0, 0, { ...one, nowMs: 1001 })).sessionId).toBe(102)
    expect(sessions.begin(request(101, 1, { nowMs: 1001 })).errorCode).toBe(70)
    expect(sessions.begin(request(100, 2, { nowMs: 1001 })).errorCode).toBe(0)
  })

  test("a follower's takes the place of a consumer's, never the other way round", () => {
    const sessions = sessionsOf(1)
    sessions.begin(request(0, 0, one))
    expect(sessions.begin(request(0, 0, { ...one, isFollower: true })).sessionId).toBe(101)
    const many = { topics: [asked('a', 0, 1)], nowMs: 999 }
    expect(sessions.begin(request(0, 0, many)).sessionId).toBe(0)
  })

  test('a larger one takes the place of a smaller one that had its time', () => {
    const sessions = sessionsOf(1)
    sessions.begin(request(0, 0, one))
    sessions.begin(request(100, 1, { nowMs: 900 }))
    const many = { topics: [asked('a', 0, 1)] }
    expect(sessions.begin(request(0, 0, { ...many, nowMs: 1000 })).sessionId).toBe(0)
    expect(sessions.begin(request(0, 0, { ...many, nowMs: 1001 })).sessionId).toBe(101)
    sessions.begin(request(101, 1, { nowMs: 1900 }))
    expect(sessions.begin(request(0, 0, { ...one, nowMs: 2100 })).sessionId).toBe(0)
  })
})

describe('what all sessions remember', () => {
  const indexes = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => from + at)

  function made(partitionsMax: number) {
    let id = 1
    const options = { slots: () => 10, newSessionId: () => id++, partitionsMax }
    return new FetchSessions(options)
  }

  test('is bounded: a session that grows beyond it ends', () => {
    const sessions = made(100)
    const first = sessions.begin(request(0, 0, { topics: [asked('t', 0)] }))
    let { errorCode } = first
    for (let epoch = 1; errorCode === ErrorCode.NONE && epoch < 50; epoch++) {
      const topics = [asked('t', ...indexes(epoch * 10, epoch * 10 + 10))]
      errorCode = sessions.begin(request(first.sessionId, epoch, { topics })).errorCode
      expect(sessions.partitionCount).toBeLessThanOrEqual(100)
    }
    expect(errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    expect([sessions.size, sessions.partitionCount]).toEqual([0, 0])
  })

  test('is bounded: a reader for which there is no room does without a session', () => {
    const sessions = made(100)
    const small = sessions.begin(request(0, 0, { topics: [asked('t', ...indexes(0, 60))] }))
    const large = sessions.begin(request(0, 0, { topics: [asked('t', ...indexes(0, 60))] }))
    expect([small.sessionId, large.sessionId]).toEqual([1, 0])
    expect(large.topics).toHaveLength(1)
    const again = sessions.begin(request(1, 1, { topics: [asked('t', ...indexes(0, 60))] }))
    expect([again.errorCode, sessions.partitionCount]).toEqual([ErrorCode.NONE, 60])
    sessions.begin(request(1, -1))
    expect([sessions.size, sessions.partitionCount]).toEqual([0, 0])
  })
})
