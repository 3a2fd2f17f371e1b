import type { ErrorCode } from '../../../protocol/errors.ts'

/** What a call to a shard of groups is answered; the handlers turn it into messages. */
export type GroupReply =
  | JoinReply
  | SyncReply
  | HeartbeatReply
  | LeaveReply
  | CommitReply
  | OffsetsReply
  | DescribeReply
  | ListReply
  | DeleteGroupReply
  | DeleteOffsetsReply

export interface JoinReply {
  readonly kind: 'join'
  readonly errorCode: ErrorCode
  /** -1 with an error. */
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leader: string
  /** The caller's, also with MEMBER_ID_REQUIRED, where it is the one given. */
  readonly memberId: string
  readonly skipsAssignment: boolean
  /** For the leader only. */
  readonly members: readonly JoinedMember[]
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Buffer
}

export interface SyncReply {
  readonly kind: 'sync'
  readonly errorCode: ErrorCode
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly assignment: Buffer
}

export interface HeartbeatReply {
  readonly kind: 'heartbeat'
  readonly errorCode: ErrorCode
}

export interface LeaveReply {
  readonly kind: 'leave'
  /** One a member, in the order asked. */
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly errorCode: ErrorCode
  }[]
}

export interface CommitReply {
  readonly kind: 'commit'
  /** Refuses all of it, unless NONE. */
  readonly errorCode: ErrorCode
  /** One an offset, in the order asked; empty if all are refused. */
  readonly errorCodes: readonly ErrorCode[]
}

export interface OffsetsReply {
  readonly kind: 'fetch-offsets'
  readonly errorCode: ErrorCode
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly FetchedOffset[]
  }[]
}

export interface FetchedOffset {
  readonly partition: number
  /** -1 if none is committed: not an error. */
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly errorCode: ErrorCode
  readonly topicId: string | null
}

export interface DescribeReply {
  readonly kind: 'describe'
  /** GROUP_ID_NOT_FOUND: there is no classic group of this name. */
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly state: string
  readonly protocolType: string
  /** Chosen protocol; '' unless Stable. */
  readonly protocol: string
  readonly members: readonly DescribedMember[]
}

export interface DescribedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly metadata: Buffer
  readonly assignment: Buffer
}

export interface ListReply {
  readonly kind: 'list'
  readonly groups: readonly ListedGroup[]
}

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly state: string
  /** 'classic', 'consumer', 'share' or 'streams'. */
  readonly type: string
}

export interface DeleteGroupReply {
  readonly kind: 'delete-group'
  readonly errorCode: ErrorCode
}

export interface DeleteOffsetsReply {
  readonly kind: 'delete-offsets'
  readonly errorCode: ErrorCode
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: ErrorCode
    }[]
  }[]
}
