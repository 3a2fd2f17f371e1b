import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
} from '../../protocol/messages/describe-client-quotas.ts'
import { QuotaEntityType } from '../cluster/commands.ts'
import type { ClusterImage, QuotaImage } from '../image/image.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

const MatchType = { EXACT: 0, DEFAULT: 1, ANY: 2 } as const

type Component = DescribeClientQuotasRequest['components'][number]

/** DescribeClientQuotas (key 48): the limits of the client entities a filter matches (KIP-546). */
export const describeClientQuotas = api(
  DescribeClientQuotasRequest,
  DescribeClientQuotasResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      entries: null,
    }),
  },
  ({ components, strict }, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE_CONFIGS)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    demandFilter(components)
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      entries: entriesOf(context.broker.image(), ({ entity }) => {
        const names = new Map(entity)
        if (strict && names.size > components.length) return false
        return components.every(component => isMatch(component, names))
      }),
    }
  },
)

/** Throws KafkaError, in Kafka's words. */
function demandFilter(components: readonly Component[]): void {
  for (const component of components) {
    const fault = matchFault(component)
    if (fault !== null) throw new KafkaError(ErrorCode.INVALID_REQUEST, fault)
  }
  const known: readonly string[] = Object.values(QuotaEntityType)
  const types = new Set<string>()
  for (const { entityType: type } of components) {
    if (type === '') throw new KafkaError(ErrorCode.INVALID_REQUEST, 'Invalid empty entity type.')
    if (types.has(type)) {
      const why = `Entity type ${type} cannot appear more than once in the filter.`
      throw new KafkaError(ErrorCode.INVALID_REQUEST, why)
    }
    types.add(type)
    if (!known.includes(type)) {
      throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${type}`)
    }
  }
  if (types.has(QuotaEntityType.IP) && types.size > 1) {
    const why =
      'Invalid entity filter component combination. IP filter component should not be used with ' +
      'user or clientId filter component.'
    throw new KafkaError(ErrorCode.INVALID_REQUEST, why)
  }
}

function matchFault({ matchType, match }: Component): string | null {
  switch (matchType) {
    case MatchType.EXACT:
      if (match !== null) return null
      return 'Request specified MATCH_TYPE_EXACT, but set match string to null.'
    case MatchType.DEFAULT:
      if (match === null) return null
      return 'Request specified MATCH_TYPE_DEFAULT, but also specified a match string.'
    case MatchType.ANY:
      if (match === null) return null
      return 'Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.'
    default:
      return `Unknown match type ${matchType}`
  }
}

function isMatch(
  { entityType, matchType, match }: Component,
  names: ReadonlyMap<string, string | null>,
): boolean {
  const name = names.get(entityType)
  if (name === undefined) return false
  if (matchType === MatchType.ANY) return true
  return name === (matchType === MatchType.DEFAULT ? null : match)
}

function entriesOf({ quotas }: ClusterImage, isWanted: (quota: QuotaImage) => boolean) {
  const wanted = [...quotas.values()].filter(isWanted)
  const byEntity = Map.groupBy(wanted, ({ entity }) => JSON.stringify(entity))
  return [...byEntity.values()].map(limits => ({
    entity: limits[0]!.entity.map(([entityType, entityName]) => ({ entityType, entityName })),
    values: limits.map(({ key, value }) => ({ key, value })),
  }))
}
