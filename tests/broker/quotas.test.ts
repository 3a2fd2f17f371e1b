import { expect, test } from 'vitest'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { brokerAndClient } from './support.ts'
import type { WireClient } from './wire-client.ts'

type Entity = Readonly<Record<string, string | null>>

const entityOf = (entity: Entity) =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }))

const set = (entity: Entity, values: Readonly<Record<string, number | null>>) => ({
  entity: entityOf(entity),
  ops: Object.entries(values).map(([key, value]) => ({
    key,
    value: value ?? 0,
    remove: value === null,
  })),
})

async function alter(client: WireClient, entries: object[], validateOnly = false) {
  const answer = await client.ask(ApiKey.ALTER_CLIENT_QUOTAS, 1, { entries, validateOnly })
  return answer.entries.map(
    (entry: { errorCode: number; errorMessage: string | null }) =>
      entry.errorMessage ?? entry.errorCode,
  )
}

const EXACT = 0
const DEFAULT = 1
const ANY = 2

/** Entities as text, each with its limits. */
async function described(
  client: WireClient,
  components: readonly (readonly [type: string, matchType: number, match?: string])[],
  strict = false,
) {
  const { errorCode, errorMessage, entries } = await client.ask(ApiKey.DESCRIBE_CLIENT_QUOTAS, 1, {
    components: components.map(([entityType, matchType, match = null]) => ({
      entityType,
      matchType,
      match,
    })),
    strict,
  })
  if (errorCode !== 0) return `${errorCode} ${errorMessage}`
  const told: Record<string, object> = Object.create(null)
  for (const { entity, values } of entries) {
    const name = entity
      .map((e: { entityType: string; entityName: string | null }) => {
        return `${e.entityType}=${e.entityName}`
      })
      .join(',')
    told[name] = Object.fromEntries(
      values.map((v: { key: string; value: number }) => [v.key, v.value]),
    )
  }
  return told
}

test('limits of every kind are stored, replaced, removed and told by every filter', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const codes = await alter(client, [
    set({ user: 'a' }, { producer_byte_rate: 1000, request_percentage: 12.5 }),
    set({ user: 'a', 'client-id': 'c' }, { consumer_byte_rate: 5 }),
    set({ user: null }, { controller_mutation_rate: 2.5 }),
    set({ user: null, 'client-id': null }, { producer_byte_rate: 6 }),
    set({ 'client-id': 'c' }, { producer_byte_rate: 7 }),
    set({ ip: '10.0.0.1' }, { connection_creation_rate: 8 }),
    set({ ip: null }, { connection_creation_rate: 9 }),
  ])
  expect(codes).toEqual([0, 0, 0, 0, 0, 0, 0])
  const a = { 'user=a': { producer_byte_rate: 1000, request_percentage: 12.5 } }
  const ac = { 'client-id=c,user=a': { consumer_byte_rate: 5 } }
  const everybody = { 'user=null': { controller_mutation_rate: 2.5 } }
  const each = { 'client-id=null,user=null': { producer_byte_rate: 6 } }
  const c = { 'client-id=c': { producer_byte_rate: 7 } }
  const ip = { 'ip=10.0.0.1': { connection_creation_rate: 8 } }
  const ips = { 'ip=null': { connection_creation_rate: 9 } }
  expect(await described(client, [])).toEqual({
    ...a,
    ...ac,
    ...everybody,
    ...each,
    ...c,
    ...ip,
    ...ips,
  })
  expect(await described(client, [], true)).toEqual({})
  expect(await described(client, [['user', EXACT, 'a']])).toEqual({ ...a, ...ac })
  expect(await described(client, [['user', EXACT, 'a']], true)).toEqual(a)
  expect(await described(client, [['user', DEFAULT]])).toEqual({ ...everybody, ...each })
  expect(await described(client, [['user', ANY]], true)).toEqual({ ...a, ...everybody })
  const both = [
    ['user', ANY],
    ['client-id', EXACT, 'c'],
  ] as const
  expect(await described(client, both)).toEqual(ac)
  expect(await described(client, [['ip', ANY]])).toEqual({ ...ip, ...ips })
  expect(await described(client, [['user', EXACT, 'nobody']])).toEqual({})

  await alter(client, [set({ user: 'a' }, { producer_byte_rate: 1001, request_percentage: null })])
  await alter(client, [
    set({ user: 'a', 'client-id': 'c' }, { consumer_byte_rate: null, never: null }),
  ])
  await alter(client, [set({ user: 'b' }, { producer_byte_rate: 1 })], true)
  expect(await described(client, [['user', ANY]])).toEqual({
    'user=a': { producer_byte_rate: 1001 },
    ...everybody,
    ...each,
  })
})

test("what cannot be limited is refused in Kafka's words, and stores nothing", async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  const refused = async (entity: Entity, values: Readonly<Record<string, number>>) =>
    (await alter(client, [set(entity, values)]))[0]
  expect(await refused({}, {})).toBe('Invalid empty client quota entity')
  expect(await refused({ group: 'g' }, {})).toBe('Unhandled client quota entity type: group')
  expect(await refused({ user: '' }, {})).toBe('Empty user not supported')
  expect(await refused({ ip: 'no address' }, {})).toBe('no address is not a valid IP.')
  expect(await refused({ ip: '256.1.1.1' }, {})).toBe('256.1.1.1 is not a valid IP.')
  expect(await refused({ ip: '1:2' }, {})).toBe('1:2 is not a valid IP.')
  expect(await refused({ ip: '1.1.1.1', user: 'u' }, {})).toMatch('entity combination')
  const user = { user: 'u' }
  expect(await refused(user, { foo: 1 })).toBe('Invalid configuration key foo')
  const rate = 'connection_creation_rate'
  expect(await refused(user, { [rate]: 1 })).toBe(`Invalid configuration key ${rate}`)
  expect(await refused({ ip: '::1' }, { [rate]: 3e9 })).toMatch('is too large for an INT.')
  expect(await refused(user, { producer_byte_rate: 1e19 })).toMatch('is too large for a LONG.')
  expect(await refused(user, { producer_byte_rate: 0 })).toMatch('must be greater than 0')
  expect(await refused(user, { producer_byte_rate: 1.5 })).toMatch('cannot be a fractional value.')
  // Kafka stores those two, and limits nothing by them.
  expect(await refused(user, { request_percentage: Number.NaN })).toMatch('a finite number')
  expect(await refused(user, { request_percentage: Infinity })).toMatch('a finite number')
  const good = { producer_byte_rate: 1 }
  const twice = 'Ignoring duplicate entity ClientQuotaEntity(entries={user=u})'
  expect(await alter(client, [set(user, good), set(user, good), set({ user: 'v' }, good)])).toEqual(
    [twice, 0],
  )
  expect(await described(client, [])).toEqual({ 'user=v': good })
})

test('a filter that asks for nonsense is refused', async () => {
  await using pair = await brokerAndClient()
  const told = (...components: [string, number, string?][]) => described(pair.client, components)
  expect(await told(['user', EXACT])).toMatch(/^42 .*MATCH_TYPE_EXACT/)
  expect(await told(['user', DEFAULT, 'x'])).toMatch(/^42 .*MATCH_TYPE_DEFAULT/)
  expect(await told(['user', ANY, 'x'])).toMatch(/^42 .*MATCH_TYPE_SPECIFIED/)
  expect(await told(['user', 3])).toBe('42 Unknown match type 3')
  expect(await told(['', ANY])).toBe('42 Invalid empty entity type.')
  expect(await told(['user', ANY], ['user', ANY])).toMatch('42 Entity type user')
  expect(await told(['user', ANY], ['ip', ANY])).toMatch('42 Invalid entity filter component')
  const { UNSUPPORTED_VERSION } = ErrorCode
  expect(await told(['group', ANY])).toBe(`${UNSUPPORTED_VERSION} Unsupported entity type group`)
})

test('limits outlive the broker', async () => {
  await using pair = await brokerAndClient()
  const limits = { producer_byte_rate: 1000 }
  await alter(pair.client, [set({ user: 'a' }, limits)])
  await pair.broker.restart()
  const client = await pair.connect()
  expect(await described(client, [])).toEqual({ 'user=a': limits })
  client.destroy()
})
