import { ErrorCode } from '../../protocol/errors.ts'
import {
  DescribeClusterRequest,
  DescribeClusterResponse,
} from '../../protocol/messages/describe-cluster.ts'
import { api } from './api.ts'
import { clusterOperations } from './authorize.ts'
import { liveBrokers } from './endpoint.ts'

/** Endpoints of brokers; those of controllers (2) are not for clients here (KIP-919). */
const BROKER_ENDPOINTS = 1
const CONTROLLER_ENDPOINTS = 2

/**
 * DescribeCluster (key 60): id, controller and brokers (KIP-700). As in Kafka, and as with
 * Metadata, whoever is connected may know the brokers.
 */
export const describeCluster = api(
  DescribeClusterRequest,
  DescribeClusterResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      clusterId: '',
      brokers: [],
    }),
  },
  (request, context) => {
    const refused = { throttleTimeMs: 0, clusterId: '', brokers: [] }
    if (request.endpointType !== BROKER_ENDPOINTS) {
      const isController = request.endpointType === CONTROLLER_ENDPOINTS
      return {
        ...refused,
        errorCode: isController
          ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
          : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: isController
          ? 'The request was sent to an endpoint of type BROKER, but one of CONTROLLER was wanted.'
          : `Unsupported endpoint type ${request.endpointType}`,
      }
    }
    const image = context.broker.image()
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      endpointType: BROKER_ENDPOINTS,
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      brokers: liveBrokers(context).map(({ id, host, port, rack }) => ({
        brokerId: id,
        host,
        port,
        rack,
        isFenced: false,
      })),
      clusterAuthorizedOperations: clusterOperations(
        context,
        request.includeClusterAuthorizedOperations,
      ),
    }
  },
)
