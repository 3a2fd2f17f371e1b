import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Assignor,
  assignRange,
  assignRoundRobin,
  assignSticky,
  type GroupMember,
} from '../../client/assignors.ts'
import { backoffMs } from '../../client/backoff.ts'
import { parseBootstrapServers } from '../../client/bootstrap.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../client/consumer-protocol.ts'
import { BrokerError, TimeoutError, UsageError } from '../../client/errors.ts'
import { murmur2, partitionOfKey, StickyPartitioner } from '../../client/partitioner.ts'

describe('partitioning', () => {
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('the key %s hashes as it does in Java', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
  })

  test('every key has a partition', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, count) => {
        const partition = partitionOfKey(key, count)
        expect(partition >= 0 && partition < count).toBe(true)
      }),
    )
  })

  test('records without keys stay together until a batch is full, then go elsewhere', () => {
    const sticky = new StickyPartitioner(100, () => 0)
    const chosen = Array.from({ length: 6 }, () => sticky.next([0, 1, 2], 50))
    expect(chosen[0]).toBe(chosen[1])
    expect(chosen[2]).toBe(chosen[3])
    expect(chosen[2]).not.toBe(chosen[1])
    expect(sticky.next([7], 1)).toBe(7)
  })
})

describe('backing off', () => {
  test('the wait doubles up to its limit, a fifth more or less by chance', () => {
    const waits = [1, 2, 3, 4, 5, 50].map(failures => backoffMs(failures, 0.5))
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(backoffMs(1, 0)).toBe(80)
    expect(backoffMs(9, 0.999999)).toBe(1200)
  })
})

describe('addresses', () => {
  test('are read from a list or a line', () => {
    expect(parseBootstrapServers('a:1, [::1]:2')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ])
    expect(parseBootstrapServers(['b.example:9092'])).toEqual([{ host: 'b.example', port: 9092 }])
  })

  test.each(['', 'a', 'a:', 'a:0', 'a:70000', '::1:1', 'a:b'])('%s is none', text => {
    expect(() => parseBootstrapServers(text)).toThrow(UsageError)
  })
})

describe('errors', () => {
  test('are one sentence with the cause and the cure', () => {
    expect(new BrokerError('create topic t', 36).message).toBe(
      'Could not create topic t: A topic with this name already exists' +
        ' (TOPIC_ALREADY_EXISTS); use it, or delete it first.',
    )
    const cause = new BrokerError('find topic t', 3)
    expect(new TimeoutError('could not find topic t', 5, cause).message).toMatch(
      /^Gave up after 5 ms: could not find topic t; the last error was: Could not .*name\.$/,
    )
  })
})

const memberIds = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 8 })
const topicNames = ['a', 'b', 'c']
const groups = fc
  .tuple(
    memberIds,
    fc.array(fc.subarray(topicNames), { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  )
  .map(([ids, topics, statics]) =>
    ids.map((id, i) => ({
      memberId: `m${id}`,
      instanceId: statics[i] ? `i${id}` : null,
      topics: topics[i]!,
      owned: [],
    })),
  )
const counts = fc
  .tuple(...topicNames.map(() => fc.integer({ min: 1, max: 9 })))
  .map(sizes => new Map(topicNames.map((topic, i) => [topic, sizes[i]!])))

function member(memberId: string, topics = ['t'], owned: GroupMember['owned'] = []): GroupMember {
  return { memberId, instanceId: null, topics, owned }
}

function shares(assignor: Assignor, members: GroupMember[], sizes: Record<string, number>) {
  const assignment = assignor(members, new Map(Object.entries(sizes)))
  return Object.fromEntries(
    [...assignment].map(([id, places]) => [
      id,
      places.map(({ topic, partition }) => `${topic}${partition}`).join(' '),
    ]),
  )
}

describe.each([
  ['range', assignRange],
  ['roundrobin', assignRoundRobin],
  ['sticky', assignSticky],
])('%s', (_, assignor) => {
  test('every partition that somebody wants goes to one who wants it, and to one only', () => {
    fc.assert(
      fc.property(groups, counts, (members, sizes) => {
        const assignment = assignor(members, sizes)
        expect([...assignment.keys()].sort()).toEqual(members.map(one => one.memberId).sort())
        const given: string[] = []
        for (const { memberId, topics } of members) {
          for (const { topic, partition } of assignment.get(memberId)!) {
            expect(topics).toContain(topic)
            given.push(`${topic}${partition}`)
          }
        }
        const wanted = topicNames.filter(topic => members.some(one => one.topics.includes(topic)))
        const all = wanted.flatMap(topic =>
          Array.from({ length: sizes.get(topic)! }, (__, partition) => `${topic}${partition}`),
        )
        expect(given.sort()).toEqual(all.sort())
      }),
    )
  })

  test('members that want the same get as much, give or take one a topic', () => {
    const members = ['x', 'y', 'z'].map(id => member(id, ['a', 'b']))
    const places = assignor(
      members,
      new Map([
        ['a', 7],
        ['b', 8],
      ]),
    )
    const loads = [...places.values()].map(list => list.length)
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(2)
  })
})

describe('assignors as in Java', () => {
  test('range gives consecutive partitions of each topic', () => {
    const members = [member('c0', ['t0', 't1']), member('c1', ['t0', 't1'])]
    expect(shares(assignRange, members, { t0: 3, t1: 3 })).toEqual({
      c0: 't00 t01 t10 t11',
      c1: 't02 t12',
    })
  })

  test('round-robin deals them out', () => {
    const members = [
      member('c0', ['t0']),
      member('c1', ['t0', 't1']),
      member('c2', ['t0', 't1', 't2']),
    ]
    expect(shares(assignRoundRobin, members, { t0: 1, t1: 2, t2: 3 })).toEqual({
      c0: 't00',
      c1: 't10',
      c2: 't11 t20 t21 t22',
    })
  })

  test('static members come first, by their instance ids', () => {
    const members = [
      member('a'),
      { ...member('z'), instanceId: '1' },
      { ...member('y'), instanceId: '2' },
    ]
    expect(shares(assignRange, members, { t: 3 })).toEqual({ z: 't0', y: 't1', a: 't2' })
  })

  test('sticky moves no more than evenness asks for', () => {
    const owned = [0, 1, 2, 3].map(partition => ({ topic: 't', partition }))
    const members = [member('old', ['t'], owned), member('new')]
    const { old } = shares(assignSticky, members, { t: 4 })
    expect(old!.split(' ')).toHaveLength(2)
    const three = [member('a', ['t'], owned.slice(0, 2)), member('b', ['t'], owned.slice(2))]
    expect(shares(assignSticky, three, { t: 5 })).toEqual({ a: 't0 t1 t4', b: 't2 t3' })
  })
})

describe('what members tell each other', () => {
  const places = [
    { topic: 't', partition: 0 },
    { topic: 't', partition: 2 },
    { topic: 'u', partition: 1 },
  ]

  test('reads back', () => {
    const subscription = { topics: ['t', 'u'], owned: places, userData: Buffer.from('x') }
    expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
    expect(decodeAssignment(encodeAssignment(places))).toEqual(places)
  })

  test('of bytes that are something else nothing is made', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(Array.isArray(decodeAssignment(Buffer.from(bytes)))).toBe(true)
        expect(Array.isArray(decodeSubscription(Buffer.from(bytes)).topics)).toBe(true)
      }),
    )
  })
})
