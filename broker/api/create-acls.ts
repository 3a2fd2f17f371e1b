import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { CreateAclsRequest, CreateAclsResponse } from '../../protocol/messages/create-acls.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'
import { NO_ACLS } from './describe-acls.ts'

/** CreateAcls (key 30): without an authorizer that keeps ACLs, SECURITY_DISABLED for each. */
export const createAcls = api(
  CreateAclsRequest,
  CreateAclsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      results: request.creations.map(() => ({ errorCode, errorMessage })),
    }),
  },
  (_request, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    throw new KafkaError(ErrorCode.SECURITY_DISABLED, NO_ACLS)
  },
)
