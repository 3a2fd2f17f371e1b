import { expect, test } from 'vitest'
import { DANGERS, dangerOf } from '../../../broker/config/dangers.ts'
import { ConfigError, type LoadedConfig, loadConfig } from '../../../broker/config/load.ts'
import { brokerProperties } from '../../../broker/config/schema.ts'
import { listenerAddresses } from '../../../broker/listeners.ts'

function load(...lines: string[]): LoadedConfig {
  return loadConfig({ files: [{ path: 'f', text: lines.join('\n') }] })
}

function refusalOf(...lines: string[]): readonly string[] {
  try {
    load(...lines)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('an authorizer that is not there refuses the start, in one sentence', () => {
  const problems = refusalOf(
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:admin',
  )
  expect(problems).toEqual([
    'f:1: authorizer.class.name, f:2: super.users: this broker has no authorizer: every client ' +
      'that reaches it may read, write and delete everything. Remove the setting if that is wanted',
  ])
})

test.each([
  ['sasl.enabled.mechanisms=SCRAM-SHA-512', 'has no SASL'],
  ['listener.name.external.scram-sha-512.sasl.jaas.config=secret', 'has no SASL'],
  ['sasl.server.callback.handler.class=a.B', 'has no SASL'],
  ['ssl.client.auth=required', 'has no TLS'],
  ['ssl.keystore.location=/etc/kafka/secrets/a.jks', 'has no TLS'],
  ['listener.name.external.ssl.truststore.certificates=secret', 'has no TLS'],
  ['security.inter.broker.protocol=SASL_SSL', 'neither SASL nor TLS'],
  ['sasl.mechanism.inter.broker.protocol=PLAIN', 'neither SASL nor TLS'],
  ['create.topic.policy.class.name=a.B', 'what the class forbids would be allowed'],
  ['config.providers=file', 'as it is written'],
  ['process.roles=controller', 'cannot be a controller alone'],
])('%s is refused: what it asks for is missing', (line, sentence) => {
  const problems = refusalOf(line)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(sentence)
  expect(problems[0]).not.toContain('secret')
})

test.each([
  ['log.cleaner.enable=true', 'compacts no log'],
  ['log.cleaner.threads=4', 'compacts no log'],
  ['log.cleanup.policy=compact', 'compacts no log'],
  ['unclean.leader.election.enable=true', 'acknowledged records are lost'],
  ['remote.log.storage.system.enable=true', 'no tiered storage'],
  ['log.local.retention.ms=1000', 'no tiered storage'],
  ['ssl.protocol=TLSv1.2', 'nothing is protected'],
  ['sasl.kerberos.service.name=kafka', 'nothing is protected'],
  ['allow.everyone.if.no.acl.found=false', 'nobody is kept out'],
  ['controller.quorum.voters=1@a:9093,2@b:9093', 'a cluster of its own'],
  ['max.connections.per.ip.overrides=10.0.0.1:3', 'not held to it'],
])('%s starts with a warning of what it endangers', (line, sentence) => {
  const { warnings, summary } = load(line)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(sentence)
  expect(summary).toBeNull()
})

test('a listener that asks for SASL or TLS is refused with what is missing', () => {
  const overrides = { listeners: 'SASL_SSL://127.0.0.1:0' }
  expect(() => listenerAddresses(loadConfig({ overrides }).config)).toThrow('only PLAINTEXT')
})

test("what has Kafka's default, or is harmless, is told in one line", () => {
  const { warnings, summary } = load(
    'sasl.enabled.mechanisms=GSSAPI',
    'security.inter.broker.protocol=PLAINTEXT',
    'authorizer.class.name=',
    'process.roles=broker,controller',
    'controller.quorum.voters=1@localhost:9093',
    'log.cleaner.enable=false',
    'num.io.threads=8',
    'metric.reporters=a.B',
  )
  expect(warnings).toEqual([])
  expect(summary).toBe(
    'accepted without effect, and without danger: sasl.enabled.mechanisms, ' +
      'security.inter.broker.protocol, authorizer.class.name, process.roles, ' +
      'controller.quorum.voters, log.cleaner.enable, num.io.threads, metric.reporters',
  )
})

/** Who writes these down means them, though Kafka's default is the same. */
const MEANT = ['log.cleaner.enable', 'allow.everyone.if.no.acl.found']

test('the settings of every other default together start without a warning', () => {
  const lines = [...brokerProperties()].flatMap(([name, { defaultText }]) =>
    defaultText === null || MEANT.includes(name) ? [] : [`${name}=${defaultText}`],
  )
  expect(lines.length).toBeGreaterThan(250)
  expect(load(...lines).warnings).toEqual([])
})

test('a row of the table that no property meets is none', () => {
  const names = [...brokerProperties().keys()]
  const met = new Set(names.map(dangerOf))
  expect(DANGERS.filter(danger => !met.has(danger))).toEqual([])
})

test('a setting taken back by a later source endangers nothing', () => {
  const files = [{ path: 'f', text: 'authorizer.class.name=a.B' }]
  const { warnings } = loadConfig({ files, overrides: ['authorizer.class.name='] })
  expect(warnings).toEqual([])
})
