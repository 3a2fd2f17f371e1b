import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../../protocol/messages/alter-client-quotas.ts'
import type { QuotaEntity } from '../cluster/commands.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/**
 * AlterClientQuotas (key 49): limits of users, client ids and addresses (KIP-546). They are stored
 * and told; this version does not enforce them.
 */
export const alterClientQuotas = api(
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      entries: request.entries.map(({ entity }) => ({ errorCode, errorMessage, entity })),
    }),
  },
  async ({ entries, validateOnly }, context) => {
    if (!mayOnCluster(context, Operation.ALTER_CONFIGS)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const alterations = entries.map(({ entity, ops }) => ({ entity: entityOf(entity), ops }))
    const results = await context.broker.controller.alterQuotas(alterations, { validateOnly })
    return {
      throttleTimeMs: 0,
      entries: results.map(({ entity, errorCode, errorMessage }) => ({
        errorCode,
        errorMessage,
        entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
      })),
    }
  },
)

/** Of a type that is named twice the last name counts, as in Kafka. */
function entityOf(
  parts: readonly { readonly entityType: string; readonly entityName: string | null }[],
): QuotaEntity {
  const names = new Map(parts.map(({ entityType, entityName }) => [entityType, entityName]))
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1))
}
