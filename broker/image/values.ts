import * as z from 'zod/mini'
import type { StoreValue } from '../metadata/store.ts'

/*
 * What is kept in the metadata store, by key. Every value carries a version `v`; one that does not
 * fit is refused at load: a broker must not act on metadata it does not understand.
 *
 *   cluster                 { v, id }
 *   live/<node>             { v, endpoints, rack }            with the broker's session
 *   controller              { v, nodeId }                     with the controller's session
 *   topic/<id>              { v, name, state, internal }
 *   name/<topic name>       { v, id }                         makes names unique
 *   part/<id>/<index>       { v, r, isr, l, le }              replicas, in sync, leader, its epoch
 *   cfg/topic/<id>          { v, c: [[name, value], ...] }
 *   cfg/broker/<node>       the same; cfg/broker-default: of all brokers; cfg/group/<group>;
 *                           cfg/client-metrics/<subscription>
 *   pid/next                { v, next }                       first producer id not handed out
 *   gone/<id>               { v, name }                       deleted; its logs may still be there
 *   quota/<entity and key>  { v, entity, key, value }         a client's limit; the value says
 *                                                             whose, whatever the key is named
 */

const int = z.int()
const version1 = z.literal(1)

const SCHEMAS = {
  cluster: z.object({ v: version1, id: z.string() }),
  live: z.object({
    v: version1,
    rack: z.nullable(z.string()),
    endpoints: z.array(
      z.object({
        listenerName: z.string(),
        securityProtocol: z.string(),
        host: z.nullable(z.string()),
        port: int,
      }),
    ),
  }),
  controller: z.object({ v: version1, nodeId: int }),
  topic: z.object({
    v: version1,
    name: z.string(),
    state: z.enum(['creating', 'active']),
    internal: z.boolean(),
  }),
  name: z.object({ v: version1, id: z.string() }),
  part: z.object({ v: version1, r: z.array(int), isr: z.array(int), l: int, le: int }),
  cfg: z.object({ v: version1, c: z.array(z.tuple([z.string(), z.string()])) }),
  pid: z.object({ v: version1, next: int }),
  gone: z.object({ v: version1, name: z.string() }),
  quota: z.object({
    v: version1,
    entity: z.array(z.tuple([z.string(), z.nullable(z.string())])),
    key: z.string(),
    value: z.number(),
  }),
} as const

export type ValueKind = keyof typeof SCHEMAS
export type ValueOfKind<K extends ValueKind> = z.infer<(typeof SCHEMAS)[K]>
/** What is written; the version is put in. */
export type DraftOfKind<K extends ValueKind> = Omit<ValueOfKind<K>, 'v'>

/** Metadata this broker does not understand: a later version's, or damaged. */
export class UnreadableMetadata extends Error {
  constructor(key: string, why: string) {
    super(`the metadata store holds ${key} in a form this version does not know: ${why}`)
    this.name = 'UnreadableMetadata'
  }
}

/** Throws UnreadableMetadata. */
export function readValue<K extends ValueKind>(
  kind: K,
  key: string,
  value: StoreValue,
): ValueOfKind<K> {
  const parsed = SCHEMAS[kind].safeParse(value)
  if (parsed.success) return parsed.data as ValueOfKind<K>
  throw new UnreadableMetadata(key, z.prettifyError(parsed.error))
}

export function writeValue<K extends ValueKind>(_kind: K, draft: DraftOfKind<K>): StoreValue {
  return { v: 1, ...draft } as unknown as StoreValue
}

/** Keys, made here and taken apart here. */
export const storeKey = {
  cluster: 'cluster',
  controller: 'controller',
  nextProducerId: 'pid/next',
  brokerDefaults: 'cfg/broker-default',
  live: (nodeId: number) => `live/${nodeId}`,
  topic: (topicId: string) => `topic/${topicId}`,
  name: (name: string) => `name/${name}`,
  part: (topicId: string, index: number) => `part/${topicId}/${index}`,
  parts: (topicId: string) => `part/${topicId}/`,
  topicConfig: (topicId: string) => `cfg/topic/${topicId}`,
  brokerConfig: (nodeId: number | string) => `cfg/broker/${nodeId}`,
  groupConfig: (groupId: string) => `cfg/group/${groupId}`,
  clientMetricsConfig: (name: string) => `cfg/client-metrics/${name}`,
  gone: (topicId: string) => `gone/${topicId}`,
  /** `entity` sorted by type. */
  quota: (entity: readonly (readonly [string, string | null])[], key: string) =>
    `quota/${JSON.stringify([entity, key])}`,
} as const

/** A key's first part, and the rest. */
export function splitKey(key: string): { kind: string; rest: string } {
  const at = key.indexOf('/')
  return at < 0 ? { kind: key, rest: '' } : { kind: key.slice(0, at), rest: key.slice(at + 1) }
}
