import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideAlterConfigs } from '../../../broker/cluster/alter-configs.ts'
import type { NewTopic } from '../../../broker/cluster/commands.ts'
import { decideCreatePartitions, decideDeleteTopics } from '../../../broker/cluster/controller.ts'
import { type CreationRules, decideCreateTopics } from '../../../broker/cluster/create-topics.ts'
import { placeReplicas } from '../../../broker/cluster/placement.ts'
import { type Plan, put } from '../../../broker/cluster/plan.ts'
import { applyEvents, emptyState } from '../../../broker/image/delta.ts'
import { type ClusterImage, endpointOf } from '../../../broker/image/image.ts'
import { storeKey, UnreadableMetadata } from '../../../broker/image/values.ts'
import type { StoreOperation } from '../../../broker/metadata/store.ts'
import { StoreState } from '../../../broker/metadata/store-state.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { NO_UUID } from '../../../protocol/uuid.ts'
import { imageOf, live, newTopic, SCOPES, topicOperations } from './support.ts'

const authority = { compare: [], transactionSizeMax: 128 }

function rules(changes: Partial<CreationRules> = {}): CreationRules {
  let ids = 0
  return {
    defaultPartitions: 3,
    defaultReplicationFactor: 1,
    partitionsMax: 1000,
    topicScope: SCOPES.topic,
    internalConfigs: () => new Map(),
    newTopicId: () => `id-${ids++}`,
    placementSeed: () => 0,
    authority,
    ...changes,
  }
}

const image = imageOf(live(1), live(2), ...topicOperations('there.is', 'id-there', 2))

function assigned(name: string, ...replicas: number[][]): NewTopic {
  const assignments = replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }))
  return { ...newTopic(name), assignments }
}

describe('creating topics', () => {
  const refusals: [string, NewTopic, ErrorCode][] = [
    ['a topic that exists', newTopic('there.is'), ErrorCode.TOPIC_ALREADY_EXISTS],
    ['an empty name', newTopic(''), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['a dot', newTopic('.'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['two dots', newTopic('..'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['250 characters', newTopic('x'.repeat(250)), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['a slash', newTopic('a/b'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['an umlaut', newTopic('ä'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['a name that collides', newTopic('there_is'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['no partitions', newTopic('a', 0), ErrorCode.INVALID_PARTITIONS],
    ['-2 partitions', newTopic('a', -2), ErrorCode.INVALID_PARTITIONS],
    ['too many partitions', newTopic('a', 999), ErrorCode.INVALID_PARTITIONS],
    [
      'a replication factor of 0',
      { ...newTopic('a'), replicationFactor: 0 },
      ErrorCode.INVALID_REPLICATION_FACTOR,
    ],
    [
      'more replicas than brokers',
      { ...newTopic('a'), replicationFactor: 3 },
      ErrorCode.INVALID_REPLICATION_FACTOR,
    ],
    ['an unknown broker', assigned('a', [1], [9]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['no replicas', assigned('a', []), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['a broker twice', assigned('a', [1, 1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['uneven replicas', assigned('a', [1], [1, 2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [
      'a gap in the assignments',
      { ...assigned('a'), assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      'assignments and a number',
      { ...assigned('a', [1]), partitions: 1 },
      ErrorCode.INVALID_REQUEST,
    ],
    ['an unknown config', newTopic('a', 1, { 'no.such': '1' }), ErrorCode.INVALID_CONFIG],
    ['a null config', newTopic('a', 1, { 'segment.ms': null }), ErrorCode.INVALID_CONFIG],
    ['tiny segments', newTopic('a', 1, { 'segment.bytes': '1048575' }), ErrorCode.INVALID_CONFIG],
  ]
  for (const [what, topic, errorCode] of refusals) {
    test(`${what} is refused`, () => {
      const [decision] = decideCreateTopics(image, [topic], rules())
      expect(decision?.reply).toMatchObject({ errorCode, topicId: NO_UUID, partitions: -1 })
      expect(decision?.plan).toEqual([])
    })
  }

  test('a name given twice is refused once, the others go on', () => {
    const topics = [newTopic('a'), newTopic('b'), newTopic('a')]
    const replies = decideCreateTopics(image, topics, rules()).map(({ reply }) => reply)
    expect(replies.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', ErrorCode.INVALID_REQUEST],
      ['b', ErrorCode.NONE],
    ])
  })

  test('names of one request collide with each other', () => {
    const replies = decideCreateTopics(image, [newTopic('a.b'), newTopic('a_b')], rules())
    expect(replies.map(({ reply }) => reply.errorCode)).toEqual([0, 17])
  })

  test('the limit of partitions counts what the request creates', () => {
    const topics = [newTopic('a', 500), newTopic('b', 499), newTopic('c', 498)]
    const replies = decideCreateTopics(image, topics, rules()).map(({ reply }) => reply.errorCode)
    expect(replies).toEqual([0, 37, 0])
  })

  test('what was decided, stands in the next image', () => {
    const config = { 'retention.ms': '5' }
    const [decision] = decideCreateTopics(image, [newTopic('a', -1, config)], rules())
    const next = imageAfter(image, decision?.plan ?? [])
    expect(next.topics.get('a')).toMatchObject({
      id: 'id-0',
      isInternal: false,
      configs: new Map([['retention.ms', '5']]),
    })
    expect(next.topics.get('a')?.partitions.map(({ leader }) => leader)).toEqual([1, 2, 1])
    expect(next.topicsById.get('id-0')).toBe(next.topics.get('a'))
  })

  test('a large topic is seen whole or not at all', () => {
    const [decision] = decideCreateTopics(image, [newTopic('a', 700)], rules())
    const plan = decision?.plan ?? []
    expect(plan.length).toBe(2)
    for (const stage of plan) {
      for (const { compare, operations } of stage) {
        expect(compare.length + operations.length).toBeLessThanOrEqual(128)
      }
    }
    expect(imageAfter(image, plan.slice(0, 1)).topics.has('a')).toBe(false)
    expect(imageAfter(image, plan).topics.get('a')?.partitions.length).toBe(700)
  })
})

describe('deleting topics', () => {
  const deletion = { isEnabled: true, authority }
  const cases: [string, string | null, string, ErrorCode][] = [
    ['a name', 'there.is', NO_UUID, ErrorCode.NONE],
    ['an id', null, 'id-there', ErrorCode.NONE],
    ['an unknown name', 'no', NO_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown id', null, 'id-no', ErrorCode.UNKNOWN_TOPIC_ID],
    ['neither', null, NO_UUID, ErrorCode.INVALID_REQUEST],
    ['both', 'there.is', 'id-there', ErrorCode.INVALID_REQUEST],
  ]
  for (const [what, name, topicId, errorCode] of cases) {
    test(`by ${what} answers ${errorCode}`, () => {
      const [decision] = decideDeleteTopics(image, [{ name, topicId }], deletion)
      expect(decision?.reply.errorCode).toBe(errorCode)
      const next = imageAfter(image, decision?.plan ?? [])
      expect(next.topics.has('there.is')).toBe(errorCode !== ErrorCode.NONE)
      expect(next.topicsById.has('id-there')).toBe(errorCode !== ErrorCode.NONE)
    })
  }

  test('is refused where it is switched off, and for a topic named twice', () => {
    const topics = [
      { name: 'there.is', topicId: NO_UUID },
      { name: null, topicId: 'id-there' },
    ]
    const off = decideDeleteTopics(image, topics.slice(0, 1), { isEnabled: false, authority })
    expect(off.map(({ reply }) => reply.errorCode)).toEqual([73])
    const twice = decideDeleteTopics(image, topics, deletion)
    expect(twice.map(({ reply }) => reply)).toMatchObject([
      { name: 'there.is', topicId: 'id-there', errorCode: 42 },
    ])
    expect(twice.flatMap(({ plan }) => plan)).toEqual([])
  })
})

describe('creating partitions', () => {
  const more = (count: number, ...brokers: number[][]) => ({
    name: 'there.is',
    count,
    assignments: brokers.length === 0 ? null : brokers.map(brokerIds => ({ brokerIds })),
  })
  const decide = (...topics: Parameters<typeof decideCreatePartitions>[1]) =>
    decideCreatePartitions(image, topics, { partitionsMax: 1000, authority })

  test('refuses what is no increase, in the words of Kafka', () => {
    expect(decide(more(2))[0]?.reply).toMatchObject({
      errorCode: ErrorCode.INVALID_PARTITIONS,
      errorMessage: 'Topic already has 2 partition(s).',
    })
    expect(decide(more(1))[0]?.reply).toMatchObject({
      errorCode: ErrorCode.INVALID_PARTITIONS,
      errorMessage: 'The topic there.is currently has 2 partition(s); 1 would not be an increase.',
    })
  })

  const refusals: [string, ReturnType<typeof more>, ErrorCode][] = [
    ['an unknown topic', { ...more(3), name: 'no' }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['too few assignments', more(4, [1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an unknown broker', more(3, [7]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['another replication factor', more(3, [1, 2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['too many', more(1001), ErrorCode.INVALID_PARTITIONS],
  ]
  for (const [what, topic, errorCode] of refusals) {
    test(`refuses ${what}`, () => {
      expect(decide(topic)[0]?.reply.errorCode).toBe(errorCode)
    })
  }

  test('refuses a topic named twice', () => {
    expect(decide(more(3), more(4)).map(({ reply }) => reply.errorCode)).toEqual([42])
  })

  test('adds them behind those that are there, all at once', () => {
    const [decision] = decide(more(700))
    const plan = decision?.plan ?? []
    expect(plan.length).toBe(2)
    expect(imageAfter(image, plan.slice(0, 1)).topics.get('there.is')?.partitions.length).toBe(2)
    expect(imageAfter(image, plan).topics.get('there.is')?.partitions.length).toBe(700)
    expect(
      imageAfter(image, decide(more(3, [2]))[0]?.plan ?? []).topics.get('there.is')?.partitions[2],
    ).toMatchObject({ leader: 2, replicas: [2], leaderEpoch: 0 })
  })
})

describe('altering configs', () => {
  const change = (name: string, value: string | null, operation = 0) => ({ name, value, operation })
  const decide = (
    resourceType: number,
    resourceName: string,
    ...changes: ReturnType<typeof change>[]
  ) =>
    decideAlterConfigs(image, [{ resourceType, resourceName, mode: 'incremental', changes }], {
      scopes: SCOPES,
      authority,
    })[0]!

  test('of a topic, a broker and all brokers stand in the image', () => {
    const topic = decide(2, 'there.is', change('retention.ms', '9'))
    const broker = decide(4, '2', change('message.max.bytes', '9'))
    const all = decide(4, '', change('message.max.bytes', '8'))
    const next = imageAfter(image, [...topic.plan, ...broker.plan, ...all.plan])
    expect(next.topics.get('there.is')?.configs).toEqual(new Map([['retention.ms', '9']]))
    expect(next.topics.get('there.is')?.partitions.length).toBe(2)
    expect(next.brokerConfigs.get('2')).toEqual(new Map([['message.max.bytes', '9']]))
    expect(next.brokerConfigs.get('')).toEqual(new Map([['message.max.bytes', '8']]))
  })

  const refusals: [string, number, string, ReturnType<typeof change>, ErrorCode][] = [
    ['an unknown topic', 2, 'no', change('segment.ms', '1'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown broker', 4, '7', change('message.max.bytes', '1'), ErrorCode.INVALID_REQUEST],
    [
      'a broker that is no number',
      4,
      'x',
      change('message.max.bytes', '1'),
      ErrorCode.INVALID_REQUEST,
    ],
    ['a read-only property', 4, '1', change('log.dirs', 'x'), ErrorCode.INVALID_REQUEST],
    ['an unknown property', 2, 'there.is', change('no', '1'), ErrorCode.INVALID_CONFIG],
    ['another kind of resource', 8, '1', change('x', '1'), ErrorCode.INVALID_REQUEST],
  ]
  for (const [what, type, name, changes, errorCode] of refusals) {
    test(`of ${what} is refused`, () => {
      expect(decide(type, name, changes).reply.errorCode).toBe(errorCode)
    })
  }
})

describe('the image', () => {
  test('refuses metadata of a later version', () => {
    const entry = { key: 'topic/x', value: { v: 2, name: 'x' }, createRevision: 1, modRevision: 1 }
    expect(() => applyEvents(emptyState(), [{ kind: 'put', entry }], 1)).toThrow(UnreadableMetadata)
  })

  test('passes a name on to another topic in one step', () => {
    const before = applyEvents(emptyState(), eventsOf(topicOperations('a', 'one', 1)), 1)
    const events = [
      { kind: 'delete', key: storeKey.topic('one') } as const,
      { kind: 'delete', key: storeKey.part('one', 0) } as const,
      ...eventsOf(topicOperations('a', 'two', 2)),
    ]
    const { state, delta } = applyEvents(before.state, events, 2)
    expect(state.image.topics.get('a')?.id).toBe('two')
    expect([...state.image.topicsById.keys()]).toEqual(['two'])
    expect([...delta.removedTopics]).toEqual(['one'])
    expect([...delta.changedTopics]).toEqual(['two'])
    expect(before.state.image.topics.get('a')?.id).toBe('one')
  })

  test('never changes what was seen', () => {
    const before = applyEvents(emptyState(), eventsOf(topicOperations('a', 'one', 2)), 1).state
    const copy = structuredClone(before)
    const part = put('part', storeKey.part('one', 0), { r: [1], isr: [1], l: 1, le: 9 })
    const more = topicOperations('a', 'one', 3)
    applyEvents(before, [...eventsOf([part]), ...eventsOf(more), { kind: 'delete', key: 'x' }], 2)
    expect(before).toEqual(copy)
  })

  test('finds the endpoint of a listener, or the first', () => {
    const listen = (listenerName: string) => ({
      listenerName,
      securityProtocol: 'PLAINTEXT',
      host: null,
      port: 1,
    })
    const broker = { id: 1, epoch: 1, rack: null, endpoints: [listen('A'), listen('B')] }
    expect(endpointOf(broker, 'B')?.listenerName).toBe('B')
    expect(endpointOf(broker, 'C')?.listenerName).toBe('A')
    expect(endpointOf({ ...broker, endpoints: [] }, 'A')).toBeUndefined()
  })
})

describe('placement', () => {
  const requests = fc
    .record({
      brokers: fc.integer({ min: 1, max: 9 }),
      racks: fc.integer({ min: 1, max: 4 }),
      partitions: fc.integer({ min: 1, max: 60 }),
      seed: fc.nat(100),
    })
    .chain(sizes =>
      fc.record({
        sizes: fc.constant(sizes),
        replicationFactor: fc.integer({ min: 1, max: sizes.brokers }),
      }),
    )

  test('spreads leaders evenly and replicas over racks', () => {
    fc.assert(
      fc.property(requests, ({ sizes, replicationFactor }) => {
        const candidates = Array.from({ length: sizes.brokers }, (_, id) => ({
          id,
          rack: `rack-${id % sizes.racks}`,
        }))
        const { partitions, seed } = sizes
        const placed = placeReplicas({
          candidates,
          replicationFactor,
          partitions,
          firstIndex: 0,
          seed,
        })
        const leaders = new Map<number, number>()
        for (const replicas of placed) {
          expect(new Set(replicas).size).toBe(replicationFactor)
          const racks = new Set(replicas.map(id => id % sizes.racks))
          const racksMax = Math.min(sizes.racks, sizes.brokers, replicationFactor)
          expect(racks.size).toBe(racksMax)
          const leader = replicas[0] as number
          leaders.set(leader, (leaders.get(leader) ?? 0) + 1)
        }
        const counts = [...leaders.values()]
        expect(Math.max(...counts) - Math.floor(partitions / sizes.brokers)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 200 },
    )
  })
})

/** The image once a plan was carried out on top of it. */
function imageAfter(before: ClusterImage, plan: Plan): ClusterImage {
  const state = new StoreState()
  let current = { image: before, forming: emptyState().forming }
  for (const transaction of plan.flat()) {
    const applied = state.apply(seeded(state, transaction.operations, transaction))
    if (applied.kind !== 'applied') continue
    current = applyEvents(current, applied.change.events, applied.change.revision).state
  }
  return current.image
}

/** Deletes of keys the small store does not have must reach the image all the same. */
function seeded(
  state: StoreState,
  operations: readonly StoreOperation[],
  transaction: { compare: Plan[number][number]['compare']; operations: readonly StoreOperation[] },
) {
  const keys = operations.flatMap(operation => {
    if (operation.kind === 'delete') return [operation.key]
    return operation.kind === 'delete-prefix'
      ? [`${operation.prefix}0`, `${operation.prefix}1`]
      : []
  })
  state.apply({ compare: [], operations: keys.map(key => ({ kind: 'put', key, value: 0 })) })
  return transaction
}

function eventsOf(operations: readonly StoreOperation[]) {
  return operations.flatMap((operation, index) => {
    if (operation.kind !== 'put') return []
    const { key, value } = operation
    const entry = { key, value, createRevision: index + 1, modRevision: index + 1 }
    return [{ kind: 'put', entry } as const]
  })
}
