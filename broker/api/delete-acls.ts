import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { DeleteAclsRequest, DeleteAclsResponse } from '../../protocol/messages/delete-acls.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'
import { NO_ACLS } from './describe-acls.ts'

/** DeleteAcls (key 31): without an authorizer that keeps ACLs, SECURITY_DISABLED for each. */
export const deleteAcls = api(
  DeleteAclsRequest,
  DeleteAclsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      filterResults: request.filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
    }),
  },
  (_request, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    throw new KafkaError(ErrorCode.SECURITY_DISABLED, NO_ACLS)
  },
)
