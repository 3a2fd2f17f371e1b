import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { simHost } from '../../host/sim/host.ts'
import { WireClient } from './wire-client.ts'

test('a start that fails at its second listener cuts who came by the first', async () => {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    await host.net.listen({ host: '127.0.0.1', port: 9093 }, () => {
      throw new Error('nobody connects here')
    })
    const listeners = 'PLAINTEXT://127.0.0.1:9092,SECOND://127.0.0.1:9093'
    const protocols = 'PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT'
    const overrides = { listeners, 'listener.security.protocol.map': protocols }
    const { config } = loadConfig({ overrides })
    const clients: WireClient[] = []
    // As early as can be.
    const { listen } = host.net
    host.net.listen = async (options, accept) => {
      const listener = await listen.call(host.net, options, accept)
      clients.push(await WireClient.connect(host.net, listener.port))
      return listener
    }
    const started = BrokerServer.start({ host, config, folder: '/data' })
    await expect(started).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(clients).toHaveLength(1)
    await clients[0]!.closed
    // Not by being idle for too long.
    expect(host.clock.monotonicMs()).toBeLessThan(60_000)
  })
})
