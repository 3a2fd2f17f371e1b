import { expect, test } from 'vitest'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { brokerAndClient, createTopic } from '../support.ts'
import { commitDraft, fetchDraft, fetchedOffset, HandMember } from './support.ts'

/** The versions a client of each age speaks together. */
const AGES = [
  { join: 0, sync: 0, heartbeat: 0, leave: 0, commit: 2, fetch: 1 },
  { join: 2, sync: 1, heartbeat: 1, leave: 1, commit: 3, fetch: 3 },
  { join: 4, sync: 2, heartbeat: 2, leave: 2, commit: 6, fetch: 5 },
  { join: 5, sync: 3, heartbeat: 3, leave: 3, commit: 7, fetch: 6 },
  { join: 6, sync: 4, heartbeat: 4, leave: 4, commit: 8, fetch: 7 },
  { join: 7, sync: 5, heartbeat: 4, leave: 5, commit: 9, fetch: 8 },
  { join: 9, sync: 5, heartbeat: 4, leave: 5, commit: 10, fetch: 10 },
]

test.each(AGES)(
  'a member joins, is assigned, commits and leaves with JoinGroup version $join',
  async age => {
    await using pair = await brokerAndClient()
    const topic = { name: 'orders', topicId: await createTopic(pair.client, 'orders') }
    const member = new HandMember(pair.client, 'g')

    const joined = await member.join(age.join)
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: member.memberId })
    expect(joined.members.map((row: { memberId: string }) => row.memberId)).toEqual([
      member.memberId,
    ])
    expect(member.memberId).toMatch(/^test-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

    const synced = await member.sync(age.sync, { [member.memberId]: 'all' })
    expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') })
    expect(await member.heartbeat(age.heartbeat)).toMatchObject({ errorCode: 0 })

    const identity = { generationIdOrMemberEpoch: 1, memberId: member.memberId }
    const commit = commitDraft(age.commit, topic, 42, identity)
    const committed = await pair.client.ask(ApiKey.OFFSET_COMMIT, age.commit, commit)
    expect(committed.topics[0].partitions).toEqual([{ partitionIndex: 0, errorCode: 0 }])
    const fetched = await pair.client.ask(
      ApiKey.OFFSET_FETCH,
      age.fetch,
      fetchDraft(age.fetch, topic),
    )
    expect(fetchedOffset(fetched)).toMatchObject({
      committedOffset: 42,
      metadata: '',
      errorCode: 0,
    })

    const left = await member.leave(age.leave)
    expect(left.errorCode).toBe(0)
    if (age.leave >= 3) expect(left.members).toMatchObject([{ errorCode: 0 }])
    expect(await member.heartbeat(age.heartbeat)).toMatchObject({ errorCode: 25 })
  },
)

test('a parked join holds back the later answers of its connection, and no others', async () => {
  await using pair = await brokerAndClient()
  const first = new HandMember(pair.client, 'g')
  await first.join()
  await first.sync(5, { [first.memberId]: 'all' })
  const secondClient = await pair.connect()
  const second = new HandMember(secondClient, 'g')
  const joining = second.join(3)
  const later = secondClient.ask(ApiKey.API_VERSIONS, 0, {})
  // The first member's connection is answered while the other one waits.
  while ((await first.heartbeat()).errorCode !== ErrorCode.REBALANCE_IN_PROGRESS) {}
  expect(secondClient.arrived).toEqual([])
  await first.join()
  expect(await joining).toMatchObject({ errorCode: 0, generationId: 2 })
  await later
  expect(secondClient.arrived).toEqual([1, 2])
  secondClient.destroy()
})

test('a static member that restarts goes on in its generation', async () => {
  await using pair = await brokerAndClient()
  const leader = new HandMember(pair.client, 'g', 'one')
  const other = new HandMember(await pair.connect(), 'g', 'two')
  await leader.join()
  const leaving = leader.sync(5, { [leader.memberId]: 'all' })
  await leaving
  const joining = other.join()
  while ((await leader.heartbeat()).errorCode === 0) {}
  await leader.join()
  await joining
  const assigned = leader.sync(5, { [leader.memberId]: 'left', [other.memberId]: 'right' })
  expect(await other.sync()).toMatchObject({ assignment: Buffer.from('right') })
  await assigned

  const restarted = new HandMember(await pair.connect(), 'g', 'two')
  expect(await restarted.join()).toMatchObject({ errorCode: 0, generationId: 2 })
  expect(await restarted.sync()).toMatchObject({ assignment: Buffer.from('right') })
  expect(await leader.heartbeat()).toMatchObject({ errorCode: 0 })
  expect(await other.heartbeat()).toMatchObject({ errorCode: ErrorCode.FENCED_INSTANCE_ID })
  other.client.destroy()
  restarted.client.destroy()
})

test.each(['restart', 'crash'] as const)(
  'members, generation and offsets are kept over a %s',
  async how => {
    await using pair = await brokerAndClient()
    const topic = { name: 'orders', topicId: await createTopic(pair.client, 'orders') }
    const before = new HandMember(pair.client, 'g')
    await before.join()
    await before.sync(5, { [before.memberId]: 'all' })
    const identity = { generationIdOrMemberEpoch: 1, memberId: before.memberId }
    await pair.client.ask(ApiKey.OFFSET_COMMIT, 8, commitDraft(8, topic, 7, identity))

    await pair.broker[how]()
    const client = await pair.connect()
    const after = Object.assign(new HandMember(client, 'g'), {
      memberId: before.memberId,
      generation: 1,
    })
    expect(await after.heartbeat()).toMatchObject({ errorCode: 0 })
    expect(await after.sync()).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') })
    const fetched = await client.ask(ApiKey.OFFSET_FETCH, 8, fetchDraft(8, topic))
    expect(fetchedOffset(fetched)).toMatchObject({ committedOffset: 7 })
    client.destroy()
  },
)

test('a member that is not heard from is gone when its session ends', async () => {
  await using pair = await brokerAndClient({ clock: 'virtual' })
  const member = new HandMember(pair.client, 'g')
  await member.join()
  await member.sync(5, { [member.memberId]: 'all' })
  await pair.broker.clock.advance(9000)
  expect(await member.heartbeat()).toMatchObject({ errorCode: 0 })
  await pair.broker.clock.advance(10_500)
  expect(await member.heartbeat()).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
  const described = await pair.client.ask(ApiKey.DESCRIBE_GROUPS, 6, { groups: ['g'] })
  expect(described.groups).toMatchObject([{ groupState: 'Empty', errorCode: 0 }])
})

test('calls of members name a group', async () => {
  await using pair = await brokerAndClient()
  const member = new HandMember(pair.client, '')
  const refused = { errorCode: ErrorCode.INVALID_GROUP_ID }
  expect(await member.join()).toMatchObject({ ...refused, protocolName: null })
  expect(await member.join(6)).toMatchObject({ ...refused, protocolName: '' })
  expect(await member.sync()).toMatchObject(refused)
  expect(await member.heartbeat()).toMatchObject(refused)
  expect(await member.leave()).toMatchObject(refused)
})

test('SyncGroup v5 without a protocol is refused before anything else', async () => {
  await using pair = await brokerAndClient()
  const draft = { groupId: '', generationId: 1, memberId: 'a', assignments: [] }
  const answer = await pair.client.ask(ApiKey.SYNC_GROUP, 5, { ...draft, protocolType: 'consumer' })
  expect(answer).toMatchObject({ errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL })
})
