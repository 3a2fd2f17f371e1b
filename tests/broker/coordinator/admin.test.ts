import { expect, test } from 'vitest'
import { denyAll } from '../../../broker/security/authorizer.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { brokerAndClient, createTopic } from '../support.ts'
import { commitDraft, fetchDraft, fetchedOffset, HandMember } from './support.ts'

const UNKNOWN_TOPIC_ID = 'bBfEpE9aQ8OZVw3nJZ2Y4Q'

test('the first FindCoordinator makes the topic of groups, and answers at once', async () => {
  await using pair = await brokerAndClient()
  const { client, broker } = pair
  const here = { nodeId: 1, host: '127.0.0.1', port: broker.port, errorCode: 0 }
  for (const version of [0, 1, 2, 3]) {
    const answer = await client.ask(ApiKey.FIND_COORDINATOR, version, { key: 'g' })
    const errorMessage = version === 0 ? '' : 'NONE'
    expect(answer).toMatchObject({ ...here, errorMessage })
  }
  for (const version of [4, 5, 6]) {
    const draft = { coordinatorKeys: ['g', 'h'] }
    const answer = await client.ask(ApiKey.FIND_COORDINATOR, version, draft)
    const one = { ...here, errorMessage: '' }
    expect(answer.coordinators).toEqual([
      { key: 'g', ...one },
      { key: 'h', ...one },
    ])
  }
  const topics = await client.ask(ApiKey.METADATA, 9, { topics: [{ name: '__consumer_offsets' }] })
  expect(topics.topics[0]).toMatchObject({ errorCode: 0, isInternal: true })
  expect(topics.topics[0].partitions).toHaveLength(50)
})

test('what FindCoordinator cannot find is told with node -1', async () => {
  await using pair = await brokerAndClient()
  const ask = async (version: number, keyType: number, key: string) => {
    const draft = version >= 4 ? { keyType, coordinatorKeys: [key] } : { keyType, key }
    const answer = await pair.client.ask(ApiKey.FIND_COORDINATOR, version, draft)
    return answer.coordinators[0] ?? answer
  }
  const nobody = { nodeId: -1, host: '', port: -1 }
  const invalid = { ...nobody, errorCode: ErrorCode.INVALID_REQUEST }
  const shareKey = `g:with:colons:${UNKNOWN_TOPIC_ID}:0`
  expect(await ask(2, 3, 'g')).toMatchObject(invalid)
  expect(await ask(6, 3, 'g')).toMatchObject(invalid)
  expect(await ask(5, 2, shareKey)).toMatchObject(invalid)
  expect(await ask(6, 2, 'g:nonsense:0')).toMatchObject(invalid)
  expect(await ask(6, 2, `g:${UNKNOWN_TOPIC_ID}:x`)).toMatchObject(invalid)
  const unsupported = { ...nobody, errorCode: ErrorCode.UNSUPPORTED_VERSION }
  expect(await ask(6, 2, shareKey)).toMatchObject(unsupported)
  expect(await ask(4, 1, 'transaction')).toMatchObject({
    ...unsupported,
    errorMessage: 'This broker serves no transactions.',
  })
  // A client older than KIP-511 is shown what InitProducerId says, librdkafka the sentence.
  expect(await ask(2, 1, 'transaction')).toMatchObject({ errorCode: 0, nodeId: 1 })
  await pair.client.ask(ApiKey.API_VERSIONS, 3, {
    clientSoftwareName: 'librdkafka',
    clientSoftwareVersion: '2.15.0',
  })
  expect(await ask(2, 1, 'transaction')).toMatchObject({
    ...nobody,
    errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    errorMessage: 'This broker serves no transactions.',
  })
})

test('offsets are committed without a group, in every version', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topic = { name: 'orders', topicId: await createTopic(client, 'orders') }
  for (let version = 2; version <= 10; version++) {
    const answer = await client.ask(
      ApiKey.OFFSET_COMMIT,
      version,
      commitDraft(version, topic, version),
    )
    expect(answer.topics[0].partitions).toEqual([{ partitionIndex: 0, errorCode: 0 }])
    const fetched = await client.ask(ApiKey.OFFSET_FETCH, version, fetchDraft(version, topic))
    expect(fetchedOffset(fetched)).toMatchObject({ committedOffset: version })
  }
  const all = await client.ask(ApiKey.OFFSET_FETCH, 5, { groupId: 'g', topics: null })
  expect(all).toMatchObject({ errorCode: 0, topics: [{ name: 'orders' }] })
  const groups = [{ groupId: 'g', topics: null }, fetchDraft(8, topic, 'nobody').groups![0]]
  const both = await client.ask(ApiKey.OFFSET_FETCH, 8, { groups })
  const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 }
  expect(both.groups).toMatchObject([
    { groupId: 'g', topics: [{ partitions: [{ committedOffset: 10 }] }] },
    { groupId: 'nobody', topics: [{ partitions: [nothing] }] },
  ])
})

test('commits for topics that are not there are refused one by one', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const orders = { name: 'orders', topicId: await createTopic(client, 'orders') }
  const nowhere = { name: 'nowhere', topicId: UNKNOWN_TOPIC_ID }
  const commit = async (version: number) => {
    const [known] = commitDraft(version, orders, 1).topics
    const [unknown] = commitDraft(version, nowhere, 1).topics
    const draft = { ...commitDraft(version, orders, 1), topics: [unknown, known] }
    const answer = await client.ask(ApiKey.OFFSET_COMMIT, version, draft)
    return answer.topics.map((topic: { partitions: object[] }) => topic.partitions)
  }
  const codes = (code: number) => [
    [{ partitionIndex: 0, errorCode: code }],
    [{ partitionIndex: 0, errorCode: 0 }],
  ]
  expect(await commit(9)).toEqual(codes(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
  expect(await commit(10)).toEqual(codes(ErrorCode.UNKNOWN_TOPIC_ID))
  const fetched = await client.ask(ApiKey.OFFSET_FETCH, 10, fetchDraft(10, nowhere))
  expect(fetchedOffset(fetched)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID })
})

test('old commits are told in the codes they know', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topic = { name: 'orders', topicId: await createTopic(client, 'orders') }
  const commit = async (version: number) => {
    const draft = commitDraft(version, topic, 1, { generationIdOrMemberEpoch: 3, memberId: 'm' })
    const answer = await client.ask(ApiKey.OFFSET_COMMIT, version, draft)
    return answer.topics[0].partitions[0].errorCode
  }
  expect(await commit(8)).toBe(ErrorCode.ILLEGAL_GENERATION)
  expect(await commit(9)).toBe(ErrorCode.GROUP_ID_NOT_FOUND)
})

test('groups are described, listed by state and type, and deleted when empty', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topic = { name: 'orders', topicId: await createTopic(client, 'orders') }
  await client.ask(ApiKey.OFFSET_COMMIT, 8, commitDraft(8, topic, 1, { groupId: 'simple' }))
  const member = new HandMember(client, 'g')
  await member.join()
  await member.sync(5, { [member.memberId]: 'all' })

  const list = async (version: number, filters: object) => {
    const { groups } = await client.ask(ApiKey.LIST_GROUPS, version, filters)
    return groups.map((group: { groupId: string }) => group.groupId).toSorted()
  }
  expect(await list(0, {})).toEqual(['g', 'simple'])
  expect(await list(4, { statesFilter: ['stable'] })).toEqual(['g'])
  expect(await list(5, { typesFilter: ['Classic'] })).toEqual(['g', 'simple'])
  expect(await list(5, { typesFilter: ['share'] })).toEqual([])

  const groups = ['g', 'nobody']
  const old = await client.ask(ApiKey.DESCRIBE_GROUPS, 5, { groups })
  expect(old.groups).toMatchObject([
    { groupState: 'Stable', protocolData: 'range', authorizedOperations: -0x8000_0000 },
    { groupState: 'Dead', errorCode: 0 },
  ])
  expect(old.groups[0].members).toMatchObject([
    { memberId: member.memberId, clientId: 'test', clientHost: '/127.0.0.1' },
  ])
  const draft = { groups, includeAuthorizedOperations: true }
  const { groups: told } = await client.ask(ApiKey.DESCRIBE_GROUPS, 6, draft)
  expect(told[0].authorizedOperations).toBeGreaterThan(0)
  expect(told[1]).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND, groupState: 'Dead' })
  expect(told[1].errorMessage).toBe('Group nobody not found.')

  const groupsNames = ['g', 'simple', 'nobody']
  const { results } = await client.ask(ApiKey.DELETE_GROUPS, 2, { groupsNames })
  expect(results).toEqual([
    { groupId: 'g', errorCode: ErrorCode.NON_EMPTY_GROUP },
    { groupId: 'simple', errorCode: 0 },
    { groupId: 'nobody', errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
  ])
  expect(await list(0, {})).toEqual(['g'])
})

test('offsets of topics that are consumed cannot be deleted', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const orders = { name: 'orders', topicId: await createTopic(client, 'orders') }
  const former = { name: 'former', topicId: await createTopic(client, 'former') }
  const member = new HandMember(client, 'g')
  await member.join()
  await member.sync(5, { [member.memberId]: 'all' })
  const identity = { generationIdOrMemberEpoch: 1, memberId: member.memberId }
  for (const topic of [orders, former]) {
    await client.ask(ApiKey.OFFSET_COMMIT, 8, commitDraft(8, topic, 1, identity))
  }
  const partitions = [{ partitionIndex: 0 }]
  const names = ['orders', 'former', 'nowhere']
  const topics = names.map(name => ({ name, partitions }))
  const answer = await client.ask(ApiKey.OFFSET_DELETE, 0, { groupId: 'g', topics })
  expect(answer.topics).toMatchObject([
    { partitions: [{ errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC }] },
    { partitions: [{ errorCode: 0 }] },
    { partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }] },
  ])
  const fetched = await client.ask(ApiKey.OFFSET_FETCH, 8, fetchDraft(8, former))
  expect(fetchedOffset(fetched)).toMatchObject({ committedOffset: -1 })
})

test("a deleted topic's offsets are gone, also for a later topic of its name", async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const topic = { name: 'orders', topicId: await createTopic(client, 'orders') }
  await client.ask(ApiKey.OFFSET_COMMIT, 8, commitDraft(8, topic, 5))
  const draft = { topics: [{ name: 'orders', topicId: undefined }], timeoutMs: 5000 }
  await client.ask(ApiKey.DELETE_TOPICS, 6, draft)
  await createTopic(client, 'orders')
  const fetched = await client.ask(ApiKey.OFFSET_FETCH, 7, fetchDraft(7, topic))
  expect(fetchedOffset(fetched)).toMatchObject({ committedOffset: -1, errorCode: 0 })
})

test('nothing of groups is done or told without being authorized', async () => {
  await using pair = await brokerAndClient({ authorizer: denyAll })
  const { client } = pair
  const refused = { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
  const topic = { name: 'orders', topicId: UNKNOWN_TOPIC_ID }
  const member = new HandMember(client, 'g')
  expect(await member.join()).toMatchObject(refused)
  expect(await member.sync()).toMatchObject(refused)
  expect(await member.heartbeat()).toMatchObject(refused)
  expect(await member.leave()).toMatchObject(refused)
  const found = await client.ask(ApiKey.FIND_COORDINATOR, 4, { coordinatorKeys: ['g'] })
  expect(found.coordinators).toMatchObject([refused])
  const committed = await client.ask(ApiKey.OFFSET_COMMIT, 8, commitDraft(8, topic, 1))
  expect(committed.topics[0].partitions).toMatchObject([refused])
  const fetched = await client.ask(ApiKey.OFFSET_FETCH, 8, fetchDraft(8, topic))
  expect(fetched.groups).toMatchObject([refused])
  const fetchedLongAgo = await client.ask(ApiKey.OFFSET_FETCH, 1, fetchDraft(1, topic))
  expect(fetchedOffset(fetchedLongAgo)).toMatchObject(refused)
  const described = await client.ask(ApiKey.DESCRIBE_GROUPS, 6, { groups: ['g'] })
  expect(described.groups).toMatchObject([refused])
  const deleted = await client.ask(ApiKey.DELETE_GROUPS, 2, { groupsNames: ['g'] })
  expect(deleted.results).toMatchObject([refused])
  const forgotten = await client.ask(ApiKey.OFFSET_DELETE, 0, { groupId: 'g', topics: [] })
  expect(forgotten).toMatchObject(refused)
  const listed = await client.ask(ApiKey.LIST_GROUPS, 5, {})
  expect(listed).toMatchObject({ errorCode: 0, groups: [] })
})
