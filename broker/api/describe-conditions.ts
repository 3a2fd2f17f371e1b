import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeConditionsRequest,
  DescribeConditionsResponse,
} from '../../protocol/private/describe-conditions.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/**
 * DescribeConditions (key 10001, private): what is wrong with this broker now, errors first. A
 * principal needs DESCRIBE on the cluster, because conditions name paths and topics.
 */
export const describeConditions = api(
  DescribeConditionsRequest,
  DescribeConditionsResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      conditions: [],
    }),
  },
  (_request, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const conditions = context.broker.conditions
      .list()
      .map(condition => ({ ...condition, sinceMs: Math.round(condition.sinceMs) }))
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, conditions }
  },
)
