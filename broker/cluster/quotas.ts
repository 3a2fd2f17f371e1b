/**
 * AlterClientQuotas as a decision: which limits a client entity may have (KIP-546), and what is
 * written for them. Texts and codes are Kafka's.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type { ClusterImage } from '../image/image.ts'
import { storeKey } from '../image/values.ts'
import type { StoreOperation } from '../metadata/store.ts'
import {
  type QuotaAlteration,
  type QuotaEntity,
  QuotaEntityType,
  type QuotaResult,
} from './commands.ts'
import type { Decision } from './controller.ts'
import { type Authority, NO_PLAN, put } from './plan.ts'

type QuotaKind = 'long' | 'int' | 'double'

const CLIENT_KEYS: ReadonlyMap<string, QuotaKind> = new Map([
  ['producer_byte_rate', 'long'],
  ['consumer_byte_rate', 'long'],
  ['request_percentage', 'double'],
  ['controller_mutation_rate', 'double'],
])
const IP_KEYS: ReadonlyMap<string, QuotaKind> = new Map([['connection_creation_rate', 'int']])

const INT_MAX = 2 ** 31 - 1
/** As a double, which is how Kafka compares. */
const LONG_MAX = 2 ** 63
/** What differs less from a whole number is taken for the number. */
const FRACTION_MAX = 1e-6

/** Changes the limits of entities; each by itself. An entity that is named twice stays. */
export function decideAlterQuotas(
  image: ClusterImage,
  alterations: readonly QuotaAlteration[],
  authority: Authority,
): Decision<QuotaResult>[] {
  const stored = storedKeys(image)
  const byEntity = Map.groupBy(alterations, ({ entity }) => JSON.stringify(entity))
  return [...byEntity.values()].map(([first, ...more]) => {
    const { entity, ops } = first!
    const keys = new Set(ops.map(({ key }) => key))
    const isTwice = more.length > 0 || keys.size < ops.length
    const refusal = isTwice ? `Ignoring duplicate entity ${textOf(entity)}` : refusalOf(first!)
    if (refusal !== null) {
      const errorCode = ErrorCode.INVALID_REQUEST
      return { reply: { entity, errorCode, errorMessage: refusal }, plan: NO_PLAN }
    }
    const operations = ops.flatMap(op => operationsOf(entity, op, stored))
    const reply = { entity, errorCode: ErrorCode.NONE, errorMessage: null }
    if (operations.length === 0) return { reply, plan: NO_PLAN }
    return { reply, plan: [[{ compare: authority.compare, operations }]] }
  })
}

function textOf(entity: QuotaEntity): string {
  const names = entity.map(([type, name]) => `${type}=${name}`)
  return `ClientQuotaEntity(entries={${names.join(', ')}})`
}

function refusalOf({ entity, ops }: QuotaAlteration): string | null {
  const wrong = entityFault(entity)
  if (wrong !== null) return wrong
  const keys = entity[0]?.[0] === QuotaEntityType.IP ? IP_KEYS : CLIENT_KEYS
  for (const { key, value, remove } of ops) {
    const fault = remove ? null : valueFault(key, value, keys.get(key))
    if (fault !== null) return fault
  }
  return null
}

function entityFault(entity: QuotaEntity): string | null {
  if (entity.length === 0) return 'Invalid empty client quota entity'
  const known: readonly string[] = Object.values(QuotaEntityType)
  for (const [type, name] of entity) {
    if (!known.includes(type)) return `Unhandled client quota entity type: ${type}`
    if (name === '') return `Empty ${type} not supported`
  }
  const ip = entity.find(([type]) => type === QuotaEntityType.IP)
  if (ip === undefined) return null
  if (entity.length > 1) {
    const why = 'IP entity should not be combined with User or ClientId'
    return `Invalid quota entity combination, ${why}`
  }
  return ip[1] === null || isAddress(ip[1]) ? null : `${ip[1]} is not a valid IP.`
}

/** Host names are refused: what connects is an address, and a name may mean another tomorrow. */
function isAddress(text: string): boolean {
  const bytes = text.split('.')
  if (bytes.length === 4) return bytes.every(byte => /^[0-9]{1,3}$/.test(byte) && +byte <= 255)
  return /^[0-9a-fA-F:]+(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?$/.test(text) && URL.canParse(ip6(text))
}

function ip6(text: string): string {
  return `http://[${text}]/`
}

function valueFault(key: string, value: number, kind: QuotaKind | undefined): string | null {
  if (kind === undefined) return `Invalid configuration key ${key}`
  if (value <= 0) return `Quota ${key} must be greater than 0`
  if (!Number.isFinite(value)) return `Quota ${key} must be a finite number`
  if (kind === 'double') return null
  if (value > (kind === 'int' ? INT_MAX : LONG_MAX)) {
    return `Proposed value for ${key} is too large for ${kind === 'int' ? 'an INT' : 'a LONG'}.`
  }
  return value % 1 > FRACTION_MAX ? `${key} cannot be a fractional value.` : null
}

/** Store keys by entity and quota key: what an earlier version wrote has other names. */
function storedKeys(image: ClusterImage): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>()
  for (const [rest, { entity, key }] of image.quotas) {
    const canonical = storeKey.quota(entity, key)
    keys.set(canonical, [...(keys.get(canonical) ?? []), `quota/${rest}`])
  }
  return keys
}

function operationsOf(
  entity: QuotaEntity,
  { key, value, remove }: QuotaAlteration['ops'][number],
  stored: ReadonlyMap<string, readonly string[]>,
): StoreOperation[] {
  const canonical = storeKey.quota(entity, key)
  const held = stored.get(canonical) ?? []
  const gone = remove ? held : held.filter(one => one !== canonical)
  const operations = gone.map((one): StoreOperation => ({ kind: 'delete', key: one }))
  if (remove) return operations
  const pairs = entity.map(([type, name]): [string, string | null] => [type, name])
  return [...operations, put('quota', canonical, { entity: pairs, key, value })]
}
