import { array, bool, bytes, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * JoinGroup (key 11): enter a classic group, or a new generation of it; answered when all members
 * have.
 * v1 rebalance timeout (KIP-62) · v4 the first join only earns a member id (KIP-394) · v5 static
 * members (KIP-345) · v6 flexible · v7 protocol type in the answer (KIP-559) · v8 reason (KIP-800)
 * · v9 the leader may skip the assignment (KIP-814).
 */
export const JoinGroupRequest = message(
  11,
  'JoinGroupRequest',
  { versions: '0-9', flexible: '6+' },
  {
    groupId: string('0+'),
    sessionTimeoutMs: int32('0+'),
    rebalanceTimeoutMs: int32('1+').default(-1).ignorable(),
    /** Empty when the coordinator is to make one up. */
    memberId: string('0+'),
    groupInstanceId: string('5+').nullable().default(null),
    protocolType: string('0+'),
    protocols: array('0+', {
      name: string('0+'),
      /** Opaque to the broker: for 'consumer', a ConsumerProtocolSubscription. */
      metadata: bytes('0+'),
    }),
    reason: string('8+').nullable().default(null).ignorable(),
  },
)
export type JoinGroupRequest = ValueOf<typeof JoinGroupRequest>

export const JoinGroupResponse = message(
  11,
  'JoinGroupResponse',
  { versions: '0-9', flexible: '6+' },
  {
    throttleTimeMs: int32('2+').default(0).ignorable(),
    errorCode: int16('0+'),
    generationId: int32('0+').default(-1),
    protocolType: string('7+').nullable().default(null).ignorable(),
    protocolName: string('0+').nullable('7+'),
    leader: string('0+'),
    skipAssignment: bool('9+').default(false),
    memberId: string('0+'),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('5+').nullable().default(null).ignorable(),
      metadata: bytes('0+'),
    }),
  },
)
export type JoinGroupResponse = ValueOf<typeof JoinGroupResponse>
