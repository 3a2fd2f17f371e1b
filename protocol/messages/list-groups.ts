import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * ListGroups (key 16): all groups of the broker asked.
 * v1 throttle time · v3 flexible · v4 filter by state (KIP-518) · v5 filter by type (KIP-848).
 */
export const ListGroupsRequest = message(
  16,
  'ListGroupsRequest',
  { versions: '0-5', flexible: '3+' },
  {
    statesFilter: array('4+', string).default([]),
    typesFilter: array('5+', string).default([]),
  },
)
export type ListGroupsRequest = ValueOf<typeof ListGroupsRequest>

export const ListGroupsResponse = message(
  16,
  'ListGroupsResponse',
  { versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    errorCode: int16('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      protocolType: string('0+'),
      groupState: string('4+').default('').ignorable(),
      groupType: string('5+').default('').ignorable(),
    }),
  },
)
export type ListGroupsResponse = ValueOf<typeof ListGroupsResponse>
