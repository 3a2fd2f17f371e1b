import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { Client } from '../../client/index.ts'
import { nodeHost } from '../../host/node/host.ts'
import { ApiKey, PrivateApiKey } from '../../protocol/api-keys.ts'
import { WireClient } from '../broker/wire-client.ts'

const OTTLA = new URL('../../client/cli/main.ts', import.meta.url).pathname

/** Runs `ottla health` as a user does. */
function health(
  bootstrapServers: string,
  ...more: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [OTTLA, '-b', bootstrapServers, 'health', ...more]
  return new Promise(resolve => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

test('ottla health fails with the reason while something is not served, and warns', async () => {
  await using broker = await Broker.start()
  const { conditions } = broker.server.parts
  const warned = 'Less than 1 GiB is free.'
  conditions.set('disk-nearly-full', '/data', 'warning', warned)
  const well = await health(broker.bootstrapServers)
  expect(well).toMatchObject({ code: 0, stderr: '' })
  const [line, warning] = well.stdout.split('\n')
  expect(line).toMatch(/^Healthy: 1 broker, /)
  expect(warning).toBe(`Warning: broker 1: ${warned} (disk-nearly-full)`)

  conditions.set('disk-full', '/data', 'error', 'The disk is full.')
  const sick = await health(broker.bootstrapServers)
  expect(sick).toMatchObject({
    code: 1,
    stderr: 'Unhealthy: broker 1: The disk is full. (disk-full)\n',
  })

  const { stdout } = await health(broker.bootstrapServers, '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    healthy: false,
    conditions: [
      { nodeId: 1, kind: 'disk-full', subject: '/data', severity: 'error' },
      { nodeId: 1, kind: 'disk-nearly-full', severity: 'warning', message: warned },
    ],
  })
})

test('a broker says what is wrong with it, and lists no API for it', async () => {
  await using broker = await Broker.start()
  const wire = await WireClient.connect(nodeHost().net, broker.port)
  const { apiKeys } = await wire.ask(ApiKey.API_VERSIONS, 3, {
    clientSoftwareName: 'test',
    clientSoftwareVersion: '1',
  })
  const keys = apiKeys.map(({ apiKey }: { apiKey: number }) => apiKey)
  expect(keys).not.toContain(PrivateApiKey.DESCRIBE_CONDITIONS)
  expect(Math.max(...keys)).toBeLessThan(1000)
  broker.server.parts.conditions.set('stray-log', 'a-0', 'warning', 'A log is nobody’s.')
  const answer = await wire.ask(PrivateApiKey.DESCRIBE_CONDITIONS, 0, {})
  expect(answer).toMatchObject({
    errorCode: 0,
    conditions: [{ kind: 'stray-log', subject: 'a-0', message: 'A log is nobody’s.' }],
  })
  wire.connection.destroy()
})

test('a broker that closes the connection on the question is asked for the rest', async () => {
  // A proxy that does what Apache Kafka does with a request it does not know.
  const proxy = createServer(client => {
    const upstream = connect(broker.port, '127.0.0.1')
    client.on('data', (bytes: Buffer) => {
      if (bytes.readInt16BE(4) === PrivateApiKey.DESCRIBE_CONDITIONS) client.destroy()
      else upstream.write(bytes)
    })
    upstream.pipe(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  await using broker = await Broker.start({
    config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}` },
  })
  await using client = new Client({ bootstrapServers: `127.0.0.1:${port}` })
  const admin = client.admin()
  expect(await admin.describeConditions(1)).toBeNull()
  expect(await health(`127.0.0.1:${port}`)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Healthy: 1 broker/),
  })
  proxy.close()
})
