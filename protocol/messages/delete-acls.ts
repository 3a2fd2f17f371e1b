import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DeleteAcls (key 31): deletes the ACLs that match a filter (KIP-140).
 * v1 pattern types (KIP-290) · v2 flexible · v3 user resources (KIP-48).
 */
export const DeleteAclsRequest = message(
  31,
  'DeleteAclsRequest',
  { versions: '1-3', flexible: '2+' },
  {
    filters: array('0+', {
      resourceTypeFilter: int8('0+'),
      resourceNameFilter: string('0+').nullable(),
      patternTypeFilter: int8('1+').default(3),
      principalFilter: string('0+').nullable(),
      hostFilter: string('0+').nullable(),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
)
export type DeleteAclsRequest = ValueOf<typeof DeleteAclsRequest>

export const DeleteAclsResponse = message(
  31,
  'DeleteAclsResponse',
  { versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    filterResults: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
      matchingAcls: array('0+', {
        errorCode: int16('0+'),
        errorMessage: string('0+').nullable(),
        resourceType: int8('0+'),
        resourceName: string('0+'),
        patternType: int8('1+').default(3),
        principal: string('0+'),
        host: string('0+'),
        operation: int8('0+'),
        permissionType: int8('0+'),
      }),
    }),
  },
)
export type DeleteAclsResponse = ValueOf<typeof DeleteAclsResponse>
