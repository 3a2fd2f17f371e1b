import type { CallId } from '../machine.ts'
import type { MemberProtocol } from './member.ts'

/** What a shard of groups can be told: requests, alarms, and news of the cluster. */
export type GroupCommand =
  | JoinCommand
  | SyncCommand
  | HeartbeatCommand
  | LeaveCommand
  | CommitCommand
  | FetchOffsetsCommand
  | DescribeCommand
  | ListCommand
  | DeleteGroupCommand
  | DeleteOffsetsCommand
  | AlarmCommand
  | DropTopicsCommand
  | LoadedCommand

export interface JoinCommand {
  readonly kind: 'join'
  readonly call: CallId
  readonly groupId: string
  /** '' for who has none yet. */
  readonly memberId: string
  /** The id to give, if one has to be given. Unique. */
  readonly newMemberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  /** v4+: an id is given first and must come back (KIP-394). */
  readonly mustKnowItsId: boolean
  /** v9+: a static leader can be told to leave the assignment alone (KIP-814). */
  readonly canSkipAssignment: boolean
}

export interface SyncCommand {
  readonly kind: 'sync'
  readonly call: CallId
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
  /** Null below v5: not compared. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** From the leader; others send none. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface HeartbeatCommand {
  readonly kind: 'heartbeat'
  readonly call: CallId
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
}

export interface LeaveCommand {
  readonly kind: 'leave'
  readonly call: CallId
  readonly groupId: string
  readonly members: readonly MemberIdentity[]
}

export interface MemberIdentity {
  readonly memberId: string
  readonly instanceId: string | null
  /** Why the client leaves, in its own words (KIP-800). */
  readonly reason?: string | null | undefined
}

export interface CommitCommand {
  readonly kind: 'commit'
  readonly call: CallId
  readonly groupId: string
  /** Generation of a classic member, epoch of a KIP-848 one; -1 from outside the group. */
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
  /** -1: the broker's retention. */
  readonly retentionMs: number
  readonly offsets: readonly OffsetToCommit[]
}

export interface OffsetToCommit {
  readonly topic: string
  readonly topicId: string | null
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface FetchOffsetsCommand {
  readonly kind: 'fetch-offsets'
  readonly call: CallId
  readonly groupId: string
  /** Of a KIP-848 member, checked if its group is one. Null and -1 from others. */
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null: all there are. */
  readonly topics: readonly TopicPartitions[] | null
  /** Answer UNSTABLE_OFFSET_COMMIT where a transaction has yet to decide (KIP-447). */
  readonly mustBeStable: boolean
}

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export interface DescribeCommand {
  readonly kind: 'describe'
  readonly call: CallId
  readonly groupId: string
}

export interface ListCommand {
  readonly kind: 'list'
  readonly call: CallId
}

export interface DeleteGroupCommand {
  readonly kind: 'delete-group'
  readonly call: CallId
  readonly groupId: string
}

export interface DeleteOffsetsCommand {
  readonly kind: 'delete-offsets'
  readonly call: CallId
  readonly groupId: string
  readonly topics: readonly TopicPartitions[]
}

/** What the six timers of a group (and the one of a shard) say when they go off. */
export type AlarmCommand =
  | { readonly kind: 'member-expired'; readonly groupId: string; readonly memberId: string }
  | { readonly kind: 'pending-expired'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'initial-delay-over'
      readonly groupId: string
      readonly remainingMs: number
    }
  | { readonly kind: 'join-timeout'; readonly groupId: string }
  | { readonly kind: 'sync-timeout'; readonly groupId: string; readonly generation: number }
  | { readonly kind: 'expire-offsets' }

/** Topics were deleted: what was committed for them goes. */
export interface DropTopicsCommand {
  readonly kind: 'drop-topics'
  readonly topics: ReadonlySet<string>
}

/** The log was read: time starts for its members. */
export interface LoadedCommand {
  readonly kind: 'loaded'
}
