import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DeleteGroups (key 42): deletes empty groups (KIP-229).
 * v2 flexible.
 */
export const DeleteGroupsRequest = message(
  42,
  'DeleteGroupsRequest',
  { versions: '0-2', flexible: '2+' },
  {
    groupsNames: array('0+', string),
  },
)
export type DeleteGroupsRequest = ValueOf<typeof DeleteGroupsRequest>

export const DeleteGroupsResponse = message(
  42,
  'DeleteGroupsResponse',
  { versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      groupId: string('0+'),
      errorCode: int16('0+'),
    }),
  },
)
export type DeleteGroupsResponse = ValueOf<typeof DeleteGroupsResponse>
