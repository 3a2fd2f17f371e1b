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
  const loggers = timesNamed(resources.filter(isLogger))
  for (const resource of resources) {
    const { resourceType, resourceName } = resource
    const errorCode = refusedConfigAccess(context, Operation.ALTER_CONFIGS, resource)
    if (errorCode !== ErrorCode.NONE) {
      results.push({ resourceType, resourceName, errorCode, errorMessage: null })
    } else if (isLogger(resource) && loggers.get(resourceName) === 1) {
      results.push(alterLoggers(context.broker, resource, options))
    } else {
      allowed.push(resource)
    }
  }
  if (allowed.length === 0) return results
  return [...results, ...(await context.broker.controller.alterConfigs(allowed, options))]
}

function isLogger({ resourceType }: ConfigChanges): boolean {
  return resourceType === ConfigResourceType.BROKER_LOGGER
}

/** How often a request names the loggers of each broker; twice is refused with the others. */
function timesNamed(resources: readonly ConfigChanges[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const { resourceName } of resources) {
    times.set(resourceName, (times.get(resourceName) ?? 0) + 1)
  }
  return times
}
