import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeAcls (key 29): lists ACLs (KIP-140).
 * v1 pattern types (KIP-290) · v2 flexible · v3 user resources (KIP-48).
 */
export const DescribeAclsRequest = message(
  29,
  'DescribeAclsRequest',
  { versions: '1-3', flexible: '2+' },
  {
    resourceTypeFilter: int8('0+'),
    resourceNameFilter: string('0+').nullable(),
    patternTypeFilter: int8('1+').default(3),
    principalFilter: string('0+').nullable(),
    hostFilter: string('0+').nullable(),
    operation: int8('0+'),
    permissionType: int8('0+'),
  },
)
export type DescribeAclsRequest = ValueOf<typeof DescribeAclsRequest>

export const DescribeAclsResponse = message(
  29,
  'DescribeAclsResponse',
  { versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable(),
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      patternType: int8('1+').default(3),
      acls: array('0+', {
        principal: string('0+'),
        host: string('0+'),
        operation: int8('0+'),
        permissionType: int8('0+'),
      }),
    }),
  },
)
export type DescribeAclsResponse = ValueOf<typeof DescribeAclsResponse>
