import { ApiKey } from '../../../protocol/api-keys.ts'
import type { WireClient } from '../../broker/wire-client.ts'

/** What has configs, with Kafka's numbers. */
export const Resource = { TOPIC: 2, BROKER: 4, LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const

export type Change = readonly [operation: number, name: string, value: string | null]

/** A config as DescribeConfigs tells it; documentation only by whether there is one. */
export interface Told {
  readonly name: string
  readonly value: string | null
  readonly configType: number
  readonly readOnly: boolean
  /** Field -> value as text, the synonyms among them. */
  readonly fields: Readonly<Record<string, string>>
}

/** Everything a resource tells, or the code by which it is refused. */
export async function describe(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null = null,
): Promise<{ readonly errorCode: number; readonly configs: ReadonlyMap<string, Told> }> {
  const { results } = await client.ask(ApiKey.DESCRIBE_CONFIGS, 4, {
    resources: [{ resourceType, resourceName, configurationKeys }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  const configs = new Map<string, Told>()
  for (const config of results[0].configs) configs.set(config.name, toTold(config))
  return { errorCode: results[0].errorCode, configs }
}

interface Answered {
  readonly name: string
  readonly value: string | null
  readonly configType: number
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly documentation: string | null
  readonly synonyms: readonly { name: string; value: string | null; source: number }[]
}

function toTold(config: Answered): Told {
  const { name, value, configType, readOnly, configSource, isSensitive, synonyms } = config
  const fields = {
    value: String(value),
    type: String(configType),
    readOnly: String(readOnly),
    source: String(configSource),
    sensitive: String(isSensitive),
    synonyms: synonyms.map(one => `${one.name}=${one.value}@${one.source}`).join(' '),
    documented: String(config.documentation !== null),
  }
  return { name, value, configType, readOnly, fields }
}

/** IncrementalAlterConfigs of one resource: the code. */
export async function alter(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  changes: readonly Change[],
  validateOnly = false,
): Promise<number> {
  const configs = changes.map(([configOperation, name, value]) => {
    return { name, configOperation, value }
  })
  const { responses } = await client.ask(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly,
  })
  return responses[0].errorCode
}

/** CreateTopics of one topic: the code. */
export async function create(
  client: WireClient,
  name: string,
  configs: readonly (readonly [name: string, value: string | null])[] = [],
): Promise<number> {
  const { topics } = await client.ask(ApiKey.CREATE_TOPICS, 7, {
    topics: [
      {
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: configs.map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
  })
  return topics[0].errorCode
}
