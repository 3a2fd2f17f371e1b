import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../protocol/messages/incremental-alter-configs.ts'
import { alterResources } from './alter-resources.ts'
import { api } from './api.ts'

/** IncrementalAlterConfigs (key 44): sets, deletes, appends and subtracts properties (KIP-339). */
export const incrementalAlterConfigs = api(
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      responses: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode,
        errorMessage,
        resourceType,
        resourceName,
      })),
    }),
  },
  async ({ resources, validateOnly }, context) => {
    const changes = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      mode: 'incremental' as const,
      changes: configs.map(({ name, configOperation, value }) => ({
        name,
        operation: configOperation,
        value,
      })),
    }))
    return {
      throttleTimeMs: 0,
      responses: await alterResources(context, changes, { validateOnly }),
    }
  },
)
