import { AlterConfigsRequest, AlterConfigsResponse } from '../../protocol/messages/alter-configs.ts'
import { alterResources } from './alter-resources.ts'
import { api } from './api.ts'

/**
 * AlterConfigs (key 33): gives resources exactly these properties; what is not named goes back to
 * its default. Superseded by IncrementalAlterConfigs, and still what kafkajs sends.
 */
export const alterConfigs = api(
  AlterConfigsRequest,
  AlterConfigsResponse,
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
      mode: 'replace' as const,
      changes: configs.map(({ name, value }) => ({ name, operation: 0, value })),
    }))
    return {
      throttleTimeMs: 0,
      responses: await alterResources(context, changes, { validateOnly }),
    }
  },
)
