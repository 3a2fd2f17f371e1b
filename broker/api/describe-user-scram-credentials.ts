import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../../protocol/messages/describe-user-scram-credentials.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/**
 * DescribeUserScramCredentials (key 50): no user has credentials, because nobody can log in by
 * SCRAM here. Kafka's config tool sends this request whenever it describes users (KIP-554).
 */
export const describeUserScramCredentials = api(
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      results: [],
    }),
  },
  ({ users }, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const names = (users ?? []).map(({ name }) => name)
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      results: [...new Set(names)].map(user => ({
        user,
        errorCode: ErrorCode.RESOURCE_NOT_FOUND,
        errorMessage: `Attempt to describe a user credential that does not exist: ${user}`,
        credentialInfos: [],
      })),
    }
  },
)
