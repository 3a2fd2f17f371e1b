import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { DescribeAclsRequest, DescribeAclsResponse } from '../../protocol/messages/describe-acls.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/** What the ACL requests answer while no ACLs are kept. */
export const NO_ACLS = 'No Authorizer is configured on the broker'

/** DescribeAcls (key 29): without an authorizer that keeps ACLs, SECURITY_DISABLED. */
export const describeAcls = api(
  DescribeAclsRequest,
  DescribeAclsResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      resources: [],
    }),
  },
  (_request, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    throw new KafkaError(ErrorCode.SECURITY_DISABLED, NO_ACLS)
  },
)
