import {
  ClientQuotaRecord,
  ConfigRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RemoveTopicRecord,
  TopicRecord,
} from '../../protocol/messages/records-metadata.ts'
import type { BatchView } from '../../protocol/records/batch.ts'
import { readRecords } from '../../protocol/records/reader.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { ConfigResourceType } from './commands.ts'

/** What a Kafka folder's metadata log says, as far as this broker keeps it. */
export interface KraftMetadata {
  readonly topics: ReadonlyMap<string, KraftTopic>
  /** Overrides by `<resource type>/<name>`; of brokers '' is all. */
  readonly configs: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly quotas: readonly KraftQuota[]
  /** First producer id that was not handed out. */
  readonly nextProducerId: number
}

export interface KraftTopic {
  readonly id: string
  readonly name: string
  /** Leader epoch by partition. */
  readonly leaderEpochs: ReadonlyMap<number, number>
}

export interface KraftQuota {
  /** Entity type and name; null is the default entity of the type. */
  readonly entity: readonly (readonly [string, string | null])[]
  readonly key: string
  readonly value: number
}

interface Draft {
  readonly topics: Map<string, { id: string; name: string; leaderEpochs: Map<number, number> }>
  readonly configs: Map<string, Map<string, string>>
  readonly quotas: Map<string, KraftQuota>
  nextProducerId: number
}

/** The only frame version there is. */
const FRAME_VERSION = 1

/** Replays `__cluster_metadata`; records of kinds this broker does not keep are passed over. */
export function readKraftMetadata(batches: Iterable<BatchView>): KraftMetadata {
  const draft: Draft = {
    topics: new Map(),
    configs: new Map(),
    quotas: new Map(),
    nextProducerId: 0,
  }
  for (const batch of batches) {
    if (batch.isControl) continue
    for (const { value } of readRecords(batch)) {
      if (value !== null && value.length > 0) applyRecord(draft, value)
    }
  }
  return { ...draft, quotas: [...draft.quotas.values()] }
}

function applyRecord(draft: Draft, value: Buffer): void {
  const reader = new WireReader(value)
  if (reader.uvarint() !== FRAME_VERSION) return
  const type = reader.uvarint()
  const version = reader.uvarint()
  switch (type) {
    case TopicRecord.key: {
      const { topicId, name } = TopicRecord.decode(reader, version)
      draft.topics.set(topicId, { id: topicId, name, leaderEpochs: new Map() })
      break
    }
    case PartitionRecord.key: {
      const { topicId, partitionId, leaderEpoch } = PartitionRecord.decode(reader, version)
      draft.topics.get(topicId)?.leaderEpochs.set(partitionId, leaderEpoch)
      break
    }
    case PartitionChangeRecord.key:
      applyPartitionChange(draft, PartitionChangeRecord.decode(reader, version))
      break
    case RemoveTopicRecord.key: {
      const { topicId } = RemoveTopicRecord.decode(reader, version)
      const name = draft.topics.get(topicId)?.name
      draft.topics.delete(topicId)
      draft.configs.delete(`${ConfigResourceType.TOPIC}/${name}`)
      break
    }
    case ConfigRecord.key:
      applyConfig(draft, ConfigRecord.decode(reader, version))
      break
    case ClientQuotaRecord.key:
      applyQuota(draft, ClientQuotaRecord.decode(reader, version))
      break
    case ProducerIdsRecord.key:
      draft.nextProducerId = ProducerIdsRecord.decode(reader, version).nextProducerId
      break
    default:
    // Brokers, features, users: this broker's own, or not kept.
  }
}

/** A leader of -2 is no change; any other begins an epoch. */
function applyPartitionChange(draft: Draft, change: PartitionChangeRecord): void {
  const { topicId, partitionId, leader } = change
  const leaderEpochs = draft.topics.get(topicId)?.leaderEpochs
  const epoch = leaderEpochs?.get(partitionId)
  if (leader === -2 || leaderEpochs === undefined || epoch === undefined) return
  leaderEpochs.set(partitionId, epoch + 1)
}

function applyConfig(draft: Draft, record: ConfigRecord): void {
  const { resourceType, resourceName, name, value } = record
  const key = `${resourceType}/${resourceName}`
  const configs = draft.configs.get(key) ?? new Map<string, string>()
  if (value === null) configs.delete(name)
  else configs.set(name, value)
  draft.configs.set(key, configs)
}

function applyQuota(draft: Draft, record: ClientQuotaRecord): void {
  const entity = record.entity
    .map(({ entityType, entityName }): readonly [string, string | null] => [entityType, entityName])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const id = JSON.stringify([entity, record.key])
  if (record.remove) draft.quotas.delete(id)
  else draft.quotas.set(id, { entity, key: record.key, value: record.value })
}
