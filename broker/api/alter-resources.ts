import { ErrorCode } from '../../protocol/errors.ts'
import { type ConfigChanges, ConfigResourceType, type ConfigResult } from '../cluster/commands.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { alterLoggers } from './alter-loggers.ts'
import { refusedConfigAccess } from './config-access.ts'

/**
 * Alters the properties of the resources the principal may alter, each by itself and in effect
 * when this resolves: what both alter requests come down to.
 */
export async function alterResources(
  context: RequestContext,
  resources: readonly ConfigChanges[],
  options: { readonly validateOnly: boolean },
): Promise<ConfigResult[]> {
  const results: ConfigResult[] = []
  const allowed: ConfigChanges[] = []
  for (const resource of resources) {
    const { resourceType, resourceName } = resource
    const errorCode = refusedConfigAccess(context, Operation.ALTER_CONFIGS, resource)
    if (errorCode !== ErrorCode.NONE) {
      results.push({ resourceType, resourceName, errorCode, errorMessage: null })
    } else if (resourceType === ConfigResourceType.BROKER_LOGGER && isOnce(resource, resources)) {
      results.push(alterLoggers(context.broker, resource, options))
    } else {
      allowed.push(resource)
    }
  }
  if (allowed.length === 0) return results
  return [...results, ...(await context.broker.controller.alterConfigs(allowed, options))]
}

function isOnce(resource: ConfigChanges, all: readonly ConfigChanges[]): boolean {
  const { resourceType, resourceName } = resource
  const isSame = (one: ConfigChanges) =>
    one.resourceType === resourceType && one.resourceName === resourceName
  return all.filter(isSame).length === 1
}
