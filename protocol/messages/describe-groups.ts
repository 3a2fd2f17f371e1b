import { array, bool, bytes, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeGroups (key 15): classic groups with their members.
 * v1 throttle time · v3 authorized operations (KIP-430) · v4 static members (KIP-345) · v5
 * flexible · v6 GROUP_ID_NOT_FOUND with a message (before: state Dead).
 */
export const DescribeGroupsRequest = message(
  15,
  'DescribeGroupsRequest',
  { versions: '0-6', flexible: '5+' },
  {
    groups: array('0+', string),
    includeAuthorizedOperations: bool('3+').default(false),
  },
)
export type DescribeGroupsRequest = ValueOf<typeof DescribeGroupsRequest>

export const DescribeGroupsResponse = message(
  15,
  'DescribeGroupsResponse',
  { versions: '0-6', flexible: '5+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('6+').nullable().default(null),
      groupId: string('0+'),
      groupState: string('0+'),
      protocolType: string('0+'),
      protocolData: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('4+').nullable().default(null).ignorable(),
        clientId: string('0+'),
        clientHost: string('0+'),
        memberMetadata: bytes('0+'),
        memberAssignment: bytes('0+'),
      }),
      authorizedOperations: int32('3+').default(-0x8000_0000),
    }),
  },
)
export type DescribeGroupsResponse = ValueOf<typeof DescribeGroupsResponse>
