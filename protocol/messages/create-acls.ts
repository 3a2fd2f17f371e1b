import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * CreateAcls (key 30): creates ACLs (KIP-140).
 * v1 pattern types (KIP-290) · v2 flexible · v3 user resources (KIP-48).
 */
export const CreateAclsRequest = message(
  30,
  'CreateAclsRequest',
  { versions: '1-3', flexible: '2+' },
  {
    creations: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      resourcePatternType: int8('1+').default(3),
      principal: string('0+'),
      host: string('0+'),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
)
export type CreateAclsRequest = ValueOf<typeof CreateAclsRequest>

export const CreateAclsResponse = message(
  30,
  'CreateAclsResponse',
  { versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+').nullable(),
    }),
  },
)
export type CreateAclsResponse = ValueOf<typeof CreateAclsResponse>
