/** What the groups of a shard keep in `__consumer_offsets`, decoded (bytes: record-codec.ts). */
export type GroupRecord = GroupMetadataRecord | OffsetRecord | TransactionEndRecord | ForeignRecord

/** A classic group's last stable generation, or that it is empty; null deletes it. */
export interface GroupMetadataRecord {
  readonly kind: 'group'
  readonly groupId: string
  readonly value: GroupMetadata | null
}

export interface GroupMetadata {
  readonly protocolType: string
  readonly generation: number
  readonly protocol: string | null
  readonly leader: string | null
  /** -1 if an old writer did not say. */
  readonly stateTimestampMs: number
  readonly members: readonly StoredMember[]
}

export interface StoredMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** Its metadata for the chosen protocol. */
  readonly subscription: Buffer
  readonly assignment: Buffer
}

/** An offset committed for a partition; null takes it back. */
export interface OffsetRecord {
  readonly kind: 'offset'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly value: CommittedOffset | null
  /** Whose transaction decides whether it counts; -1 outside of one. */
  readonly producerId: number
}

export interface CommittedOffset {
  readonly offset: number
  /** Of the last record consumed; -1 unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestampMs: number
  /** Asked for by OffsetCommit 2-4; -1: the broker's retention decides. */
  readonly expireTimestampMs: number
  /** Of the topic committed for (KIP-848, v10); null if an older writer did not say. */
  readonly topicId: string | null
}

/** A marker: the offsets a producer committed in a transaction count, or never were. */
export interface TransactionEndRecord {
  readonly kind: 'transaction-end'
  readonly producerId: number
  readonly isCommit: boolean
}

/** The kinds of group another coordinator runs, and whose records are kept as they are. */
export const ForeignType = {
  CONSUMER: 'consumer',
  SHARE: 'share',
  STREAMS: 'streams',
} as const
export type ForeignType = (typeof ForeignType)[keyof typeof ForeignType]

/** A record of a group of another kind, not interpreted beyond what a listing tells. */
export interface ForeignRecord {
  readonly kind: 'foreign'
  readonly type: ForeignType
  readonly groupId: string
  readonly key: Buffer
  readonly value: Buffer | null
}
