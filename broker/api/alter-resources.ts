import { ErrorCode } from '../../protocol/errors.ts'
import type { ConfigChanges, ConfigResult } from '../cluster/commands.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
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
    if (errorCode === ErrorCode.NONE) allowed.push(resource)
    else results.push({ resourceType, resourceName, errorCode, errorMessage: null })
  }
  if (allowed.length === 0) return results
  return [...results, ...(await context.broker.controller.alterConfigs(allowed, options))]
}
