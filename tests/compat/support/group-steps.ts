/** The raw requests that the life of a group is made of, told step by step. */
import { nodeHost } from '../../../host/node/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { subscription } from '../../broker/coordinator/transcript-command.ts'
import { createTopic } from '../../broker/support.ts'
import { WireClient } from '../../broker/wire-client.ts'

/** Told of a step: its name, and the codes and states it was answered. */
export type Told = Map<string, string>

export interface Member {
  readonly name: string
  readonly groupId: string
  readonly instanceId: string | null
  readonly client: WireClient
  id: string
  generation: number
}

const SESSION_MS = 30_000
export const TOPIC = 'orders'
const { net } = nodeHost()

// biome-ignore lint/suspicious/noExplicitAny: answers are told field by field
export type Answer = any

/** Requests to one broker; each answer is told under its step, with members' names for ids. */
export class GroupSteps {
  readonly told: Told = new Map()
  readonly port: number
  readonly names = new Map<string, string>()
  readonly clients: WireClient[] = []
  client!: WireClient

  constructor(port: number) {
    this.port = port
  }

  async begin(): Promise<void> {
    this.client = await this.connect()
    await createTopic(this.client, TOPIC, {}, 2)
    // Kafka's coordinator takes a while to be there, and its groups to be loaded.
    const isReady = async () => {
      const found = await this.ask(ApiKey.FIND_COORDINATOR, 2, { key: 'g', keyType: 0 })
      if (found.errorCode !== 0) return false
      const listed = await this.ask(ApiKey.LIST_GROUPS, 5, {})
      const { groups } = await this.ask(ApiKey.DESCRIBE_GROUPS, 5, { groups: ['g'] })
      return listed.errorCode === 0 && groups[0].errorCode === 0
    }
    while (!(await isReady()));
  }

  end(): void {
    for (const client of this.clients) client.destroy()
  }

  // ---------------------------------------------------------------------------------- the steps

  async everyCall(what: string, member: Member): Promise<void> {
    await this.heartbeat(`by ${what}`, member)
    await this.sync(`by ${what}`, member)
    await this.commit(`by ${what}`, member)
  }

  async join(step: string, member: Member, options: object = {}): Promise<void> {
    const answer = await this.joinAnswer(member, options)
    const { errorCode } = answer
    if (errorCode !== ErrorCode.MEMBER_ID_REQUIRED) return this.tellJoin(step, member, answer)
    this.named(member, answer.memberId)
    return this.tellJoin(step, member, await this.joinAnswer(member, options))
  }

  async joinOnce(step: string, member: Member): Promise<void> {
    const answer = await this.joinAnswer(member, {})
    if (answer.memberId !== '') this.named(member, answer.memberId)
    this.tellJoin(step, member, answer)
  }

  joinAnswer(member: Member, options: object): Promise<Answer> {
    const {
      protocol = 'range',
      version = 9,
      ...rest
    } = options as {
      protocol?: string
      version?: number
    }
    return member.client.ask(ApiKey.JOIN_GROUP, version, {
      groupId: member.groupId,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: SESSION_MS,
      memberId: member.id,
      groupInstanceId: member.instanceId,
      protocolType: 'consumer',
      protocols: [{ name: protocol, metadata: subscription([TOPIC]) }],
      ...rest,
    })
  }

  tellJoin(step: string, member: Member, answer: Answer): void {
    const { errorCode, generationId, protocolType, protocolName, leader, members } = answer
    if (errorCode === 0) {
      this.named(member, answer.memberId)
      member.generation = generationId
    }
    this.tell(`join ${step}`, [
      ...[errorCode, generationId, protocolType, protocolName, this.nameOf(leader)],
      this.nameOf(answer.memberId),
      members.map((row: Answer) => [this.nameOf(row.memberId), row.groupInstanceId]).sort(),
      answer.skipAssignment,
    ])
  }

  async sync(step: string, member: Member, assignments = {}, options = {}): Promise<void> {
    const idOf = (name: string) => [...this.names].find(([, own]) => own === name)?.[0] ?? name
    const answer: Answer = await member.client.ask(ApiKey.SYNC_GROUP, 5, {
      ...this.identity(member),
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries<string>(assignments).map(([name, text]) => ({
        memberId: idOf(name),
        assignment: Buffer.from(text),
      })),
      ...options,
    })
    const { errorCode, protocolType, protocolName, assignment } = answer
    this.tell(`sync ${step}`, [errorCode, protocolType, protocolName, String(assignment)])
  }

  async heartbeat(step: string, member: Member): Promise<void> {
    const { errorCode } = await this.ask(ApiKey.HEARTBEAT, 4, this.identity(member))
    this.tell(`heartbeat ${step}`, errorCode)
  }

  async leave(step: string, { groupId, id: memberId, instanceId }: Member): Promise<void> {
    const members = [{ memberId, groupInstanceId: instanceId }]
    const answer = await this.ask(ApiKey.LEAVE_GROUP, 5, { groupId, members })
    this.tell(`leave ${step}`, [
      answer.errorCode,
      answer.members.map((row: Answer) => [
        this.nameOf(row.memberId),
        row.groupInstanceId,
        row.errorCode,
      ]),
    ])
  }

  async commit(
    step: string,
    member: Member,
    { version = 9, topic = TOPIC, partition = 0, metadata = '' } = {},
  ): Promise<void> {
    const { groupId, id: memberId, generation, instanceId: groupInstanceId } = member
    const answer = await this.ask(ApiKey.OFFSET_COMMIT, version, {
      ...{ groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generation },
      topics: [
        {
          name: topic,
          partitions: [
            { partitionIndex: partition, committedOffset: 5, committedMetadata: metadata },
          ],
        },
      ],
    })
    this.tell(`commit ${step}`, answer.topics[0].partitions[0].errorCode)
  }

  async offsetDelete(step: string, groupId: string, name: string): Promise<void> {
    const topics = [{ name, partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] }]
    const answer = await this.ask(ApiKey.OFFSET_DELETE, 0, { groupId, topics })
    const codes = answer.topics.map((topic: Answer) =>
      topic.partitions.map((p: Answer) => [p.partitionIndex, p.errorCode]).sort(),
    )
    this.tell(`delete of offsets ${step}`, [answer.errorCode, codes])
  }

  async deleteGroup(step: string, groupId: string): Promise<void> {
    const answer = await this.ask(ApiKey.DELETE_GROUPS, 2, { groupsNames: [groupId] })
    this.tell(`delete of a group ${step}`, answer.results[0].errorCode)
  }

  /** What DescribeGroups (old and new), ListGroups and OffsetFetch say of a group. */
  async states(groupId: string, step: string): Promise<void> {
    for (const version of [5, 6]) {
      const { groups } = await this.ask(ApiKey.DESCRIBE_GROUPS, version, { groups: [groupId] })
      const { errorCode, groupState, protocolType, protocolData, members } = groups[0]
      const rows = members
        .map((row: Answer) => [
          this.nameOf(row.memberId),
          row.groupInstanceId,
          row.memberMetadata.length,
          String(row.memberAssignment),
        ])
        .sort()
      const told = [errorCode, groupState, protocolType, protocolData, rows]
      this.tell(`describe ${version} when ${step}`, told)
    }
    const listed = await this.ask(ApiKey.LIST_GROUPS, 5, {})
    const row = listed.groups.find((group: Answer) => group.groupId === groupId)
    this.tell(`list when ${step}`, row ? [row.protocolType, row.groupState, row.groupType] : null)
    const fetched = await this.ask(ApiKey.OFFSET_FETCH, 9, { groups: [{ groupId, topics: null }] })
    const [{ errorCode, topics }] = fetched.groups
    const offsets = topics.map((topic: Answer) => [
      topic.name,
      topic.partitions.map((p: Answer) => [p.partitionIndex, p.committedOffset, p.errorCode]),
    ])
    this.tell(`offsets when ${step}`, [errorCode, offsets])
  }

  // ------------------------------------------------------------------------------------- helpers

  async untilState(groupId: string, state: string): Promise<void> {
    while ((await this.stateOf(groupId)) !== state);
  }

  async stateOf(groupId: string): Promise<string> {
    const { groups } = await this.ask(ApiKey.DESCRIBE_GROUPS, 5, { groups: [groupId] })
    return groups[0].groupState
  }

  identity({ groupId, id: memberId, generation: generationId, instanceId }: Member) {
    return { groupId, memberId, generationId, groupInstanceId: instanceId }
  }

  member(
    name: string,
    groupId: string,
    instanceId: string | null = null,
    client = this.client,
  ): Member {
    return { name, groupId, instanceId, client, id: '', generation: -1 }
  }

  named(member: Member, id: string): void {
    member.id = id
    this.names.set(id, member.name)
  }

  nameOf(id: string): string {
    return this.names.get(id) ?? id
  }

  tell(step: string, what: unknown): void {
    if (this.told.has(step)) throw new Error(`two steps are named ${step}`)
    this.told.set(step, JSON.stringify(what))
  }

  ask(key: number, version: number, draft: object): Promise<Answer> {
    return this.client.ask(key, version, draft)
  }

  async connect(): Promise<WireClient> {
    const client = await WireClient.connect(net, this.port)
    this.clients.push(client)
    return client
  }
}
