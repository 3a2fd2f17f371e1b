import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AlterOperation } from '../../broker/config/alter.ts'
import { Broker } from '../../broker/in-process.ts'
import { nodeHost } from '../../host/node/host.ts'
import { CONFIG_DIFFERENCES } from '../../scripts/config-differences.ts'
import { WireClient } from '../broker/wire-client.ts'
import { alter, create, describe, Resource } from './support/config-peers.ts'
import { valuesOf } from './support/config-values.ts'
import { kafkaUnavailable, type RunningKafka, startKafka } from './support/kafka.ts'

/*
 * Apache Kafka and this broker are asked the same about every config of every kind; what differs is
 * one of CONFIG_DIFFERENCES, or a fault.
 */
const unavailable = await kafkaUnavailable()
const { SET } = AlterOperation
const { TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP } = Resource

/** Set in the file of both: with blanks, signs, and in several units. */
const STATIC = {
  'node.id': '1',
  'log.retention.minutes': '+90',
  'log.retention.hours': '24',
  'log.roll.hours': ' 10 ',
  'log.flush.scheduler.interval.ms': '5000',
  'log.index.interval.bytes': '01024',
  'log.preallocate': 'TRUE',
  'num.partitions': '2',
  'ssl.truststore.password': 'hush',
  'group.consumer.session.timeout.ms': '46000',
}
const port = 21_540 + (process.pid % 20) * 2

let kafka: RunningKafka
let ottla: Broker
let peers: { readonly kafka: WireClient; readonly ottla: WireClient }
const folder = mkdtempSync(join(tmpdir(), 'configs-differential-'))

beforeAll(async () => {
  if (unavailable) return
  const properties = { ...STATIC, 'controller.quorum.append.linger.ms': '0' }
  const starting = startKafka({ port, folder: join(folder, 'kafka'), properties, heap: '512m' })
  ottla = await Broker.start({ config: STATIC })
  kafka = await starting
  const { net } = nodeHost({ log: { level: 'silent' } })
  peers = {
    kafka: await WireClient.connect(net, kafka.port),
    ottla: await WireClient.connect(net, ottla.port),
  }
}, 240_000)

afterAll(async () => {
  if (unavailable) return
  peers.kafka.destroy()
  peers.ottla.destroy()
  await Promise.all([kafka.stop(), ottla.stop()])
  rmSync(folder, { recursive: true, force: true })
})

/** What one side answers: finding -> value. */
type Findings = ReadonlyMap<string, string>

/** What the sides answer differently, without what CONFIG_DIFFERENCES explains. */
function unexplained(ofKafka: Findings, ofOttla: Findings): string[] {
  const faults: string[] = []
  for (const finding of new Set([...ofKafka.keys(), ...ofOttla.keys()])) {
    const [one, other] = [ofKafka.get(finding) ?? 'absent', ofOttla.get(finding) ?? 'absent']
    if (one === other) continue
    const isExplained = CONFIG_DIFFERENCES.some(({ findings }) => findings.test(finding))
    if (!isExplained) faults.push(`${finding}: Kafka ${one}, Ottla ${other}`)
  }
  return faults
}

/** Asks both; Kafka again for a while, because its broker follows its controller. */
async function compare(ask: (client: WireClient) => Promise<Findings>): Promise<void> {
  const ofOttla = await ask(peers.ottla)
  const deadline = Date.now() + 3_000
  let faults: string[]
  do faults = unexplained(await ask(peers.kafka), ofOttla)
  while (faults.length > 0 && Date.now() < deadline)
  expect(faults.join('\n')).toBe('')
}

/** The same request to both, once; the codes are compared. */
async function compareOnce(
  finding: string,
  ask: (client: WireClient) => Promise<number | string>,
): Promise<void> {
  const [ofKafka, ofOttla] = await Promise.all([ask(peers.kafka), ask(peers.ottla)])
  const one = (answer: number | string) => new Map([[finding, String(answer)]])
  expect(unexplained(one(ofKafka), one(ofOttla)).join('\n')).toBe('')
}

async function told(client: WireClient, type: number, name: string): Promise<Findings> {
  const { errorCode, configs } = await describe(client, type, name)
  const findings = new Map([[`${label(type, name)} error`, String(errorCode)]])
  for (const config of configs.values()) {
    for (const [field, value] of Object.entries(config.fields)) {
      findings.set(`${label(type, name)} ${config.name} ${field}`, value)
    }
  }
  return findings
}

function label(type: number, name: string): string {
  const kind = Object.keys(Resource).find(key => Resource[key as keyof typeof Resource] === type)
  return `${kind ?? type} '${name}'`
}

/** The kinds of resources whose configs are set below. */
const KINDS: readonly (readonly [type: number, name: string])[] = [
  [TOPIC, 't'],
  [BROKER, '1'],
  [BROKER, ''],
  [GROUP, 'g'],
  [CLIENT_METRICS, 'm'],
]

/** Every config there is of a kind on either side, with the values to try on it. */
async function trials(type: number, name: string): Promise<Map<string, readonly string[]>> {
  const from = type === BROKER ? '1' : name
  const found = new Map<string, readonly string[]>()
  for (const client of [peers.kafka, peers.ottla]) {
    const { configs } = await describe(client, type, from)
    for (const { name: config, configType, readOnly, value } of configs.values()) {
      const values = valuesOf(configType)
      found.set(config, readOnly ? values.slice(0, 1) : [...values, ...(value ? [value] : [])])
    }
  }
  if (type === BROKER) {
    for (const config of THROTTLES) found.set(config, valuesOf(5))
  }
  return found
}

const THROTTLES = [
  'leader.replication.throttled.rate',
  'follower.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
]

test.skipIf(unavailable)(
  'every config is described alike',
  async () => {
    await compareOnce('create', client => create(client, 't'))
    for (const [type, name] of KINDS) await compare(client => told(client, type, name))
    for (const [type, name] of [
      ...[
        [TOPIC, 'nope'],
        [TOPIC, 'a b'],
        [TOPIC, ''],
        [BROKER, '2'],
        [BROKER, 'x'],
        [BROKER, '01'],
      ],
      ...[
        [LOGGER, ''],
        [LOGGER, '2'],
        [CLIENT_METRICS, ''],
        [GROUP, ''],
        [0, 'x'],
        [99, 'x'],
      ],
    ] as [number, string][]) {
      await compareOnce(`describe ${label(type, name)}`, async client => {
        return (await describe(client, type, name)).errorCode
      })
    }
  },
  240_000,
)

for (const [type, name] of KINDS) {
  test.skipIf(unavailable)(
    `${label(type, name)}: the same values are good and bad`,
    async () => {
      const ofKafka = new Map<string, string>()
      const ofOttla = new Map<string, string>()
      const tries = [...(await trials(type, name))].flatMap(([config, values]) =>
        values.map(value => [config, value] as const),
      )
      const judge = async (client: WireClient, findings: Map<string, string>) => {
        await Promise.all(
          tries.map(async ([config, value]) => {
            const code = await alter(client, type, name, [[SET, config, value]], true)
            findings.set(`${label(type, name)} ${config} = ${JSON.stringify(value)}`, String(code))
          }),
        )
      }
      await Promise.all([judge(peers.kafka, ofKafka), judge(peers.ottla, ofOttla)])
      expect(unexplained(ofKafka, ofOttla).join('\n')).toBe('')
    },
    240_000,
  )
}
