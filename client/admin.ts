/**
 * Looks after topics, configuration, records and groups. Each call asks the broker that can answer
 * it, tries again where that helps, and throws the first error it is told: a BrokerError.
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { Fields, StructValue } from '../protocol/schema.ts'
import { askConditions, type BrokerCondition } from './admin-conditions.ts'
import {
  type ConfigChange,
  type ConfigEntry,
  type ConfigResource,
  configEntry,
  configOperation,
  resourceType,
} from './admin-configs.ts'
import { describedGroup, type GroupDescription, type GroupListing } from './admin-groups.ts'
import {
  type CreatedTopic,
  createdTopics,
  createTopicsRequest,
  type NewTopic,
} from './admin-topics.ts'
import * as api from './apis.ts'
import type { BrokerNode, Cluster, TopicMetadata } from './cluster.ts'
import { Commits, type CommittedOffset, type OffsetToCommit } from './commits.ts'
import type { Draft } from './connection.ts'
import { BrokerError, MembershipLost } from './errors.ts'
import { OffsetLookup, type OffsetSpec, type TopicPartition } from './offsets.ts'

/** A cluster, as one of its brokers sees it. */
export interface ClusterDescription {
  readonly clusterId: string | null
  /** -1 if there is none. */
  readonly controllerId: number
  readonly brokers: readonly BrokerNode[]
}

export interface AdminOptions {
  /** For each call, retries included. Default 30,000. */
  readonly timeoutMs?: number
}

/** Who commits without being a member. */
const STRANGER = { generationId: -1, memberId: '', groupInstanceId: null }

export class Admin {
  readonly #cluster: Cluster
  readonly #timeoutMs: number

  constructor(cluster: Cluster, options: AdminOptions = {}) {
    this.#cluster = cluster
    this.#timeoutMs = options.timeoutMs ?? 30_000
  }

  // --------------------------------------------------------------------------------------- cluster

  async describeCluster(): Promise<ClusterDescription> {
    return this.#retrying('describe the cluster', async () => {
      await this.#cluster.refresh([])
      const { clusterId, controllerId, nodes } = this.#cluster
      return { clusterId, controllerId, brokers: nodes }
    })
  }

  /** What is wrong with a broker, errors first; null if it is not Ottla's and cannot say. */
  async describeConditions(nodeId: number): Promise<BrokerCondition[] | null> {
    const what = `ask what is wrong with broker ${nodeId}`
    return this.#retrying(what, () => askConditions(this.#cluster, nodeId))
  }

  // ---------------------------------------------------------------------------------------- topics

  /** Names of all topics, ascending. Internal ones only on request. */
  async listTopics(o: { internal?: boolean } = {}): Promise<string[]> {
    return this.#retrying('list topics', async () => {
      const { topics } = await this.#cluster.refresh(null)
      const wanted = topics.filter(({ isInternal }) => o.internal === true || !isInternal)
      return wanted.flatMap(({ name }) => (name === null ? [] : [name])).sort()
    })
  }

  /** Topics with their partitions, leaders and replicas; all if no name is given. */
  async describeTopics(names?: readonly string[]): Promise<TopicMetadata[]> {
    return this.#retrying('describe topics', async () => {
      const { topics } = await this.#cluster.refresh(names ?? null)
      const found = topics.flatMap(({ name }) => (name === null ? [] : [name])).sort()
      return found.flatMap(name => this.#cluster.cachedTopic(name) ?? [])
    })
  }

  /** Creates topics. With `validateOnly` only says whether it could. */
  async createTopics(
    topics: readonly (NewTopic | string)[],
    o: { validateOnly?: boolean } = {},
  ): Promise<CreatedTopic[]> {
    const request = createTopicsRequest(topics, o.validateOnly ?? false, this.#timeoutMs)
    return this.#retrying('create topics', async () => {
      return createdTopics(await this.#controller(api.CREATE_TOPICS, request))
    })
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    const request = { topicNames: names, timeoutMs: this.#timeoutMs }
    await this.#retrying('delete topics', async () => {
      const answer = await this.#controller(api.DELETE_TOPICS, request)
      for (const { name, errorCode, errorMessage } of answer.responses) {
        if (name !== null) this.#cluster.forgetTopic(name)
        if (errorCode !== 0) throw new BrokerError(`delete topic ${name}`, errorCode, errorMessage)
      }
    })
  }

  /** Raises the number of partitions to `count` in all. Where keys live changes with it. */
  async createPartitions(topic: string, count: number): Promise<void> {
    const topics = [{ name: topic, count, assignments: null }]
    const request = { topics, timeoutMs: this.#timeoutMs, validateOnly: false }
    await this.#retrying('create partitions', async () => {
      const answer = await this.#controller(api.CREATE_PARTITIONS, request)
      this.#cluster.forgetTopic(topic)
      for (const { errorCode, errorMessage } of answer.results) {
        if (errorCode === 0) continue
        throw new BrokerError(`give ${topic} ${count} partitions`, errorCode, errorMessage)
      }
    })
  }

  // --------------------------------------------------------------------------------------- configs

  /** Settings of a topic or a broker; all if no name is given. */
  async describeConfigs(
    resource: ConfigResource,
    names: readonly string[] | null = null,
  ): Promise<ConfigEntry[]> {
    const what = `describe the settings of ${resource.type} ${resource.name}`
    const request = {
      resources: [
        {
          resourceType: resourceType(resource),
          resourceName: resource.name,
          configurationKeys: names,
        },
      ],
      includeSynonyms: false,
      includeDocumentation: false,
    }
    return this.#retrying(what, async () => {
      const answer = await this.#askConfigs(resource, api.DESCRIBE_CONFIGS, request)
      const result = answer.results[0]
      const code = result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
      if (result === undefined || code !== 0)
        throw new BrokerError(what, code, result?.errorMessage)
      return result.configs.map(configEntry)
    })
  }

  /** Changes single settings and leaves the others as they are (KIP-339). */
  async alterConfigs(
    resource: ConfigResource,
    changes: readonly ConfigChange[],
    o: { validateOnly?: boolean } = {},
  ): Promise<void> {
    const what = `alter the settings of ${resource.type} ${resource.name}`
    const configs = changes.map(({ name, value, operation }) => ({
      name,
      value,
      configOperation: configOperation(operation ?? (value === null ? 'delete' : 'set')),
    }))
    const { name: resourceName } = resource
    const request = {
      resources: [{ resourceType: resourceType(resource), resourceName, configs }],
      validateOnly: o.validateOnly ?? false,
    }
    await this.#retrying(what, async () => {
      const answer = await this.#askConfigs(resource, api.ALTER_CONFIGS, request)
      for (const { errorCode, errorMessage } of answer.responses) {
        if (errorCode !== 0) throw new BrokerError(what, errorCode, errorMessage)
      }
    })
  }

  // --------------------------------------------------------------------------------------- records

  /**
   * Offsets of partitions: 'earliest', 'latest' (of the next record), 'max-timestamp', or the first
   * at or after a time in milliseconds. An offset of -1 says that there is none.
   */
  async listOffsets(
    partitions: readonly TopicPartition[],
    spec: OffsetSpec,
    o: { readCommitted?: boolean } = {},
  ): Promise<{ topic: string; partition: number; offset: number; timestamp: number }[]> {
    const lookup = new OffsetLookup(this.#cluster, o.readCommitted === true ? 1 : 0)
    const wanted = partitions.map(place => ({ ...place, spec }))
    return lookup.find(wanted, this.#timeoutMs, isAbsence)
  }

  /** Drops records below an offset; -1 drops all there are. Returns where each log begins after. */
  async deleteRecords(
    before: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<{ topic: string; partition: number; lowWatermark: number }[]> {
    return Promise.all(
      before.map(({ topic, partition, offset }) => {
        const what = `delete records of ${topic} partition ${partition}`
        const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }]
        const request = { topics, timeoutMs: this.#timeoutMs }
        return this.#retrying(what, async () => {
          await this.#cluster.refresh([topic])
          const leaderId = this.#cluster.leaderOf(topic, partition)
          if (leaderId < 0) throw new BrokerError(what, ErrorCode.LEADER_NOT_AVAILABLE)
          const answer = await this.#cluster.requestNode(leaderId, api.DELETE_RECORDS, request)
          const row = answer.topics[0]?.partitions[0]
          const errorCode = row?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
          if (row === undefined || errorCode !== 0) throw new BrokerError(what, errorCode)
          return { topic, partition, lowWatermark: row.lowWatermark }
        })
      }),
    )
  }

  // ---------------------------------------------------------------------------------------- groups

  /** The groups of all brokers, ascending by id. */
  async listGroups(): Promise<GroupListing[]> {
    return this.#retrying('list groups', async () => {
      await this.#cluster.refresh([])
      const lists = await Promise.all(
        this.#cluster.nodes.map(async ({ nodeId }) => {
          const answer = await this.#cluster.requestNode(nodeId, api.LIST_GROUPS, {})
          if (answer.errorCode !== 0) throw new BrokerError('list groups', answer.errorCode)
          return answer.groups
        }),
      )
      const groups = lists.flat().map(({ groupId, protocolType, groupState, groupType }) => {
        return { groupId, protocolType, state: groupState, type: groupType }
      })
      return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
    })
  }

  /** Groups with their members and what each is assigned. An unknown group has state 'Dead'. */
  async describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]> {
    return Promise.all(
      groupIds.map(groupId => {
        const what = `describe group ${groupId}`
        return this.#coordinated(groupId, what, async () => {
          const answer = await this.#cluster.requestCoordinator(groupId, api.DESCRIBE_GROUPS, {
            groups: [groupId],
          })
          const group = answer.groups[0]
          const code = group?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
          if (code === ErrorCode.GROUP_ID_NOT_FOUND) return describedGroup(groupId, null)
          if (code !== 0) throw new BrokerError(what, code, group?.errorMessage ?? null)
          return describedGroup(groupId, group!)
        })
      }),
    )
  }

  /** Forgets groups without members, offsets included. */
  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) {
      const what = `delete group ${groupId}`
      const request = { groupsNames: [groupId] }
      await this.#coordinated(groupId, what, async () => {
        const answer = await this.#cluster.requestCoordinator(groupId, api.DELETE_GROUPS, request)
        const code = answer.results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
        if (code !== 0) throw new BrokerError(what, code)
      })
    }
  }

  /** Offsets a group has committed; of all partitions it has any for, unless some are named. */
  async fetchOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
  ): Promise<CommittedOffset[]> {
    return this.#commits(groupId).list(partitions ?? null)
  }

  /** Commits offsets for a group that has no members. */
  async commitOffsets(groupId: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    try {
      await this.#commits(groupId).commit(offsets, STRANGER, () => {})
    } catch (error) {
      // A group with members refuses a stranger as lacking a membership.
      if (!(error instanceof MembershipLost)) throw error
      throw new BrokerError(`commit offsets for group ${groupId}`, ErrorCode.NON_EMPTY_GROUP)
    }
  }

  /** Moves a group without members to 'earliest', 'latest' or a time; returns where it stands. */
  async resetOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    spec: OffsetSpec,
  ): Promise<CommittedOffset[]> {
    const found = await this.listOffsets(partitions, spec)
    const ends = found.some(({ offset }) => offset < 0)
      ? await this.listOffsets(partitions, 'latest')
      : []
    const offsets = found.map(({ topic, partition, offset }) => {
      const end = ends.find(one => one.topic === topic && one.partition === partition)
      return { topic, partition, offset: offset < 0 ? (end?.offset ?? 0) : offset, metadata: '' }
    })
    await this.commitOffsets(groupId, offsets)
    return offsets
  }

  /** Forgets a group's offsets of some partitions. Topics it is subscribed to are refused. */
  async deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    const what = `delete offsets of group ${groupId}`
    const topics = [...byTopic(partitions)].map(([name, list]) => ({
      name,
      partitions: list.map(partitionIndex => ({ partitionIndex })),
    }))
    await this.#coordinated(groupId, what, async () => {
      const request = { groupId, topics }
      const answer = await this.#cluster.requestCoordinator(groupId, api.OFFSET_DELETE, request)
      const rows = answer.topics.flatMap(topic => topic.partitions)
      for (const { errorCode } of [answer, ...rows]) {
        if (errorCode !== 0) throw new BrokerError(what, errorCode)
      }
    })
  }

  // -------------------------------------------------------------------------------------- requests

  #commits(groupId: string): Commits {
    return new Commits(this.#cluster, groupId, this.#timeoutMs)
  }

  #retrying<T>(what: string, task: () => Promise<T>): Promise<T> {
    return this.#cluster.retrying(what, this.#timeoutMs, task, isAbsence)
  }

  #coordinated<T>(groupId: string, what: string, task: () => Promise<T>): Promise<T> {
    return this.#retrying(what, async () => {
      try {
        return await task()
      } catch (error) {
        const code = error instanceof BrokerError ? error.code : null
        const isElsewhere =
          code === ErrorCode.NOT_COORDINATOR || code === ErrorCode.COORDINATOR_NOT_AVAILABLE
        if (isElsewhere) this.#cluster.forgetCoordinator(groupId)
        throw error
      }
    })
  }

  #controller<Q extends Fields, R extends Fields>(
    call: api.Api<Q, R>,
    draft: Draft<Q>,
  ): Promise<StructValue<R>> {
    return this.#cluster.requestController(call, draft, this.#timeoutMs)
  }

  /** A broker's settings are its own to tell; anyone can tell a topic's. */
  #askConfigs<Q extends Fields, R extends Fields>(
    resource: ConfigResource,
    call: api.Api<Q, R>,
    draft: Draft<Q>,
  ): Promise<StructValue<R>> {
    if (resource.type === 'broker' && resource.name !== '') {
      return this.#cluster.requestNode(Number(resource.name), call, draft)
    }
    return this.#controller(call, draft)
  }
}

/** Who asks about what is not there wants to know at once. */
function isAbsence(error: unknown): boolean {
  return error instanceof BrokerError && error.code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

function byTopic(partitions: readonly TopicPartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    if (!topics.get(topic)?.push(partition)) topics.set(topic, [partition])
  }
  return topics
}
