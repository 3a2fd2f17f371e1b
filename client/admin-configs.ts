/** Whose settings are meant. A broker goes by its id; the empty name is all brokers' default. */
export interface ConfigResource {
  readonly type: 'topic' | 'broker' | 'group'
  readonly name: string
}

/** A setting and where its value comes from. */
export interface ConfigEntry {
  readonly name: string
  /** Null if it is secret, or has none. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export type ConfigSource =
  | 'topic'
  | 'dynamic-broker'
  | 'dynamic-default'
  | 'static-broker'
  | 'default'
  | 'group'
  | 'other'

/** A setting to change. A null value goes back to the default; 'set' is meant unless said. */
export interface ConfigChange {
  readonly name: string
  readonly value: string | null
  readonly operation?: 'set' | 'delete' | 'append' | 'subtract'
}

const RESOURCE_TYPES = { topic: 2, broker: 4, group: 32 } as const
const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const
const SOURCES: ReadonlyMap<number, ConfigSource> = new Map([
  [1, 'topic'],
  [2, 'dynamic-broker'],
  [3, 'dynamic-default'],
  [4, 'static-broker'],
  [5, 'default'],
  [8, 'group'],
])

/** The protocol's number for a kind of resource. */
export function resourceType(resource: ConfigResource): number {
  return RESOURCE_TYPES[resource.type]
}

/** The protocol's number for an operation. */
export function configOperation(operation: keyof typeof OPERATIONS): number {
  return OPERATIONS[operation]
}

/** A row of DescribeConfigs. */
export function configEntry(row: {
  readonly name: string
  readonly value: string | null
  readonly configSource: number
  readonly readOnly: boolean
  readonly isSensitive: boolean
}): ConfigEntry {
  return {
    name: row.name,
    value: row.value,
    source: SOURCES.get(row.configSource) ?? 'other',
    isReadOnly: row.readOnly,
    isSensitive: row.isSensitive,
  }
}
